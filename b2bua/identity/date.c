/* date.c: SIP-date and back, without the C library's locale and time zone. */
#include "b2bua/identity/date.h"

#include <errno.h>

#include "lib/base/obuf.h"

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun",
				"Mon", "Tue", "Wed"}; /* 1970-01-01: Thu */

/* Days since 1970-01-01 of a Gregorian date (Hinnant, days_from_civil). */
static int64_t days_from(int64_t y, unsigned m, unsigned d)
{
	unsigned doy, yoe;
	int64_t era;

	y -= m <= 2;
	era = y / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void days_to(int64_t n, int *y, unsigned *m, unsigned *d)
{
	unsigned doe, yoe, doy, mp;
	int64_t era;

	n += 719468;
	era = n / 146097;
	doe = (unsigned)(n - era * 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int)(yoe + era * 400) + (*m <= 2);
}

static unsigned month_days(unsigned y, unsigned m)
{
	static const unsigned char v[12] = {31, 28, 31, 30, 31, 30,
					    31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return v[m - 1] + (m == 2 && leap);
}

/* n digits at *p; false if anything else stands there */
static bool digits(const char **p, unsigned n, unsigned *v)
{
	*v = 0;
	for (; n; n--, (*p)++) {
		if (!ascii_digit(**p))
			return false;
		*v = *v * 10 + (unsigned)(**p - '0');
	}
	return true;
}

static bool literal(const char **p, const char *s)
{
	size_t n = strlen(s);
	bool same = memcmp(*p, s, n) == 0;

	*p += n;
	return same;
}

static unsigned name_index(const char **p, const char v[][4], unsigned n)
{
	unsigned i = 0;

	while (i < n && memcmp(*p, v[i], 3) != 0)
		i++;
	*p += 3;
	return i;
}

int date_parse(struct slice s, int64_t *t)
{
	unsigned day, month, year, h, m, sec;
	const char *p = s.p;

	if (s.n != DATE_SIZE - 1) /* the form has one length only */
		return EINVAL;
	if (name_index(&p, days, 7) == 7 || !literal(&p, ", ") ||
	    !digits(&p, 2, &day) || !literal(&p, " "))
		return EINVAL;
	month = name_index(&p, months, 12) + 1;
	if (month > 12 || !literal(&p, " ") || !digits(&p, 4, &year) ||
	    !literal(&p, " ") || !digits(&p, 2, &h) || !literal(&p, ":") ||
	    !digits(&p, 2, &m) || !literal(&p, ":") ||
	    !digits(&p, 2, &sec) || !literal(&p, " GMT"))
		return EINVAL;
	if (year < 1970 || day < 1 || day > month_days(year, month) ||
	    h > 23 || m > 59 || sec > 60)
		return EINVAL;
	*t = days_from(year, month, day) * 86400 + h * 3600 + m * 60 + sec;
	return 0;
}

int date_write(char to[DATE_SIZE], int64_t t)
{
	int64_t n = t / 86400;
	unsigned s = (unsigned)(t % 86400), m, d;
	struct obuf ob = OBUF_FIXED(to, DATE_SIZE);
	int y;

	if (t < 0 || t > 253402300799) /* 9999-12-31T23:59:59Z */
		return EINVAL;
	days_to(n, &y, &m, &d);
	obuf_fmt(&ob, "%s, %02u %s %04d %02u:%02u:%02u GMT", days[n % 7], d,
		 months[m - 1], y, s / 3600, s / 60 % 60, s % 60);
	to[ob.n] = 0;
	return 0;
}
