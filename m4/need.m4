# COUNTERSIGN_NEED(VAR, pkg-config modules, Debian package)
AC_DEFUN([COUNTERSIGN_NEED], [
  PKG_CHECK_MODULES([$1], [$2], [],
    [AC_MSG_ERROR([$2 not found. On Debian: apt-get install $3])])
])

# COUNTERSIGN_MAYBE(NAME, auto|yes|no, header, library, function, package)
AC_DEFUN([COUNTERSIGN_MAYBE], [
  have_$1=no
  $1_LIBS=""
  AS_IF([test "$2" != no], [
    AC_CHECK_HEADER([$3], [
      AC_CHECK_LIB([$4], [$5], [have_$1=yes; $1_LIBS="-l$4"])])
    AS_IF([test "$2" = yes && test "$have_$1" = no],
      [AC_MSG_ERROR([$3 or lib$4 not found. On Debian: apt-get install $6])])
  ])
  AS_IF([test "$have_$1" = yes], [AC_DEFINE([HAVE_$1], [1], [$4 is there])])
  AM_CONDITIONAL([HAVE_$1], [test "$have_$1" = yes])
  AC_SUBST([$1_LIBS])
])
