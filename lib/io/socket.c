/* socket: opens media ports (io.h). */
#include <errno.h>
#include <unistd.h>

#include "lib/io/io.h"

/* Half a second of 50 streams' worth; the kernel cuts it to net.core.rmem_max
 * without an error. Only a promise: memory is taken when datagrams wait. */
enum { BUFFER_OCTETS = 1 << 20 };

int io_socket_open(const union addr *local, int *fd)
{
	const int size = BUFFER_OCTETS;
	const int on = 1;
	int err;
	int s = socket(local->sa.sa_family,
		       SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (s < 0)
		return errno;
	setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if ((local->sa.sa_family == AF_INET6 &&
	     setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) ||
	    bind(s, &local->sa, addr_len(local))) {
		err = errno;
		close(s);
		return err;
	}
	*fd = s;
	return 0;
}
