/* daemon: what a process does to itself while it starts. */
#ifndef BASE_DAEMON_H
#define BASE_DAEMON_H

/* No core dumps, no debugger of the same user (keys are in this memory), as
 * many descriptors as the hard limit allows, SIGPIPE ignored, files that we
 * make are for us alone. Before threads. 0 or errno. */
int daemon_harden(void);

/* Becomes `user` (its groups too) for good, if we are root and user is not
 * "". Every thread of the process changes. 0; ENOENT: no such user; EPERM: it
 * could be undone; errno. */
int daemon_drop(const char *user);

#endif
