"""A WebRTC end: aiortc, a full ICE agent with DTLS-SRTP, on loopback. Its event
loop runs in a thread of its own, so that tests stay plain functions."""

import asyncio
import threading

import aioice.ice
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError

from .net import wait_for

# By itself it offers every address of the host but loopback's.
ADDRESS = "127.0.0.1"
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [ADDRESS]


class WebRtc:
    kind = "dtls"

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.frames = 0
        self._thread = threading.Thread(target=self.loop.run_forever,
                                        daemon=True)
        self._thread.start()
        self._listening = []
        self._do(self._open())

    def _do(self, coroutine, timeout=15):
        return asyncio.run_coroutine_threadsafe(
            coroutine, self.loop).result(timeout)

    async def _open(self):
        self.pc = RTCPeerConnection()
        self.pc.addTrack(AudioStreamTrack())

        @self.pc.on("track")
        def on_track(track):
            self._listening.append(asyncio.ensure_future(self._hear(track)))

    async def _hear(self, track):
        try:
            while True:
                await track.recv()
                self.frames += 1
        except MediaStreamError:
            pass

    # ---- SDP --------------------------------------------------------------
    async def _local(self, description):
        await self.pc.setLocalDescription(description)
        return self.pc.localDescription.sdp

    async def _offer(self):
        return await self._local(await self.pc.createOffer())

    async def _answer(self):
        return await self._local(await self.pc.createAnswer())

    def offer(self):
        return self._do(self._offer())

    def answer(self):
        return self._do(self._answer())

    def hear(self, sdp, offer=False):
        self._do(self.pc.setRemoteDescription(RTCSessionDescription(
            sdp=sdp, type="offer" if offer else "answer")))

    def sdp(self, answer=False):
        return self.answer() if answer else self.offer()

    # ---- state ------------------------------------------------------------
    @property
    def state(self):
        return self.pc.connectionState

    def connected(self, timeout=15):
        wait_for(lambda: self.state == "connected", timeout,
                 why=lambda: f"WebRTC end is {self.state}, "
                 f"ICE {self.pc.iceConnectionState}")

    def hears(self, goal=25, timeout=10):
        """That many frames since the beginning."""
        wait_for(lambda: self.frames >= goal, timeout,
                 why=lambda: f"{self.frames} frames heard of {goal}")

    def stop(self):
        async def close():
            await self.pc.close()
            for task in self._listening:
                task.cancel()
        try:
            self._do(close())
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(5)
