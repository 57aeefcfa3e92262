"""Somebody who is not of the call."""

import socket

STRANGERS = ("127.0.0.5", "127.0.0.6", "127.0.0.7")


class Stranger:
    """Sockets on other addresses, counting the octets they are sent."""

    def __init__(self, addrs=STRANGERS):
        self.socks = []
        for addr in addrs:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((addr, 0))
            s.setblocking(False)
            self.socks.append(s)
        self.sent = 0

    def spray(self, datagram, host, ports):
        for s in self.socks:
            for port in ports:
                s.sendto(datagram, (host, port))
                self.sent += len(datagram)

    def received(self):
        n = 0
        for s in self.socks:
            try:
                while True:
                    n += len(s.recv(65536))
            except BlockingIOError:
                pass
        return n

    def close(self):
        for s in self.socks:
            s.close()

    stop = close
