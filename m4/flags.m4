# Warnings are errors; releases are hardened; sanitizers on request.
AC_DEFUN([COUNTERSIGN_TRY], [
  AC_MSG_CHECKING([whether $CC takes $2])
  save_CFLAGS="$CFLAGS"
  CFLAGS="$CFLAGS -Werror $2"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
  CFLAGS="$save_CFLAGS"
])

AC_DEFUN([COUNTERSIGN_FLAGS], [
  AS_IF([$CC --version 2>/dev/null | grep -q clang],
    [countersign_cc=clang], [countersign_cc=gcc])

  WARN_CFLAGS="-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith -Wwrite-strings -Wformat=2"
  AS_IF([test "$enable_werror" = yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])

  HARDEN_CFLAGS=""
  HARDEN_LDFLAGS=""
  AS_IF([test "$enable_sanitize" = no], [
    AS_CASE([" $CFLAGS "], [*" -O0 "*], [], [HARDEN_CFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"])
    COUNTERSIGN_TRY([HARDEN_CFLAGS], [-fstack-protector-strong])
    COUNTERSIGN_TRY([HARDEN_CFLAGS], [-fstack-clash-protection])
    COUNTERSIGN_TRY([HARDEN_CFLAGS], [-fcf-protection])
    COUNTERSIGN_TRY([HARDEN_CFLAGS], [-ftrivial-auto-var-init=zero])
    HARDEN_CFLAGS="$HARDEN_CFLAGS -fPIE"
    HARDEN_LDFLAGS="-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack"
  ], [
    SAN="-fsanitize=$enable_sanitize -fno-omit-frame-pointer -fno-sanitize-recover=all"
    HARDEN_CFLAGS="$SAN -g"
    HARDEN_LDFLAGS="-fsanitize=$enable_sanitize"
  ])
  AC_SUBST([HARDEN_CFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])

  FUZZ_LDFLAGS=""
  AS_IF([test "$enable_fuzzing" = yes], [
    AS_IF([test "$countersign_cc" = clang], [],
      [AC_MSG_ERROR([--enable-fuzzing needs clang: ./configure CC=clang --enable-fuzzing])])
    HARDEN_CFLAGS="$HARDEN_CFLAGS -fsanitize=fuzzer-no-link"
    FUZZ_LDFLAGS="-fsanitize=fuzzer"
  ])
  AM_CONDITIONAL([FUZZING], [test "$enable_fuzzing" = yes])
  AC_SUBST([FUZZ_LDFLAGS])
])
