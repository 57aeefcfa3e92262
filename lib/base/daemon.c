#include "lib/base/daemon.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* LeakSanitizer attaches to the process when it ends. */
#if defined(__SANITIZE_ADDRESS__)
enum { TRACEABLE = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { TRACEABLE = 1 };
#else
enum { TRACEABLE = 0 };
#endif
#else
enum { TRACEABLE = 0 };
#endif

int daemon_harden(void)
{
	struct rlimit none = {0, 0}, files;

	umask(0077);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return errno;
	if (!TRACEABLE && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return errno;
	if (setrlimit(RLIMIT_CORE, &none) || getrlimit(RLIMIT_NOFILE, &files))
		return errno;
	files.rlim_cur = files.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &files) ? errno : 0;
}

int daemon_drop(const char *user)
{
	const struct passwd *pw;

	if (geteuid() != 0 || !user[0])
		return 0;
	errno = 0;
	pw = getpwnam(user);
	if (!pw)
		return errno ? errno : ENOENT;
	if (pw->pw_uid == 0)
		return 0;
	if (initgroups(user, pw->pw_gid) ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid))
		return errno;
	if (setuid(0) == 0 || setgid(0) == 0)
		return EPERM;
	if (!TRACEABLE && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? errno : 0;
}
