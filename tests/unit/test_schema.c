/* schema: configuration files described by a table. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/conf/schema.h"

static const struct schema_section sections[] = {
	{"box", true, "many boxes"},
	{"lid", false, "one lid"},
};

static const struct schema_item items[] = {
	{"", "size", SCHEMA_INT, "3", "1..9", "how big"},
	{"", "names", SCHEMA_LIST, "{\"a\", \"b\"}", "", "names"},
	{"box", "kind", SCHEMA_STR, "flat", "flat|deep", "which"},
	{"box", "open", SCHEMA_BOOL, "true", "", "whether"},
	{"lid", "kind", SCHEMA_STR, "", "", "free text"},
};

static const struct schema schema = {sections, 2, items, 5};

static int load(const char *text, struct schema_file **f,
		struct schema_flaw *flaw)
{
	char path[] = "/tmp/test_schema.XXXXXX";
	int fd = mkstemp(path), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	err = schema_open(f, &schema, path, flaw);
	unlink(path);
	return err;
}

static void refused(const char *text, int line, const char *why)
{
	struct schema_flaw flaw;
	struct schema_file *f = NULL;

	assert_int_equal(load(text, &f, &flaw), EINVAL);
	assert_null(f);
	assert_int_equal(flaw.line, line);
	assert_non_null(strstr(flaw.text, why));
}

static void test_values_and_defaults(void **state)
{
	struct schema_flaw flaw;
	struct schema_file *f;
	cfg_t *root, *box;

	(void)state;
	assert_int_equal(load("size = 5\nbox \"x\" { kind = deep }\n"
			      "box \"y\" { }\n", &f, &flaw), 0);
	root = schema_root(f);
	assert_int_equal(cfg_getint(root, "size"), 5);
	assert_int_equal(cfg_size(root, "names"), 2);
	assert_string_equal(cfg_getnstr(root, "names", 1), "b");
	assert_int_equal(cfg_size(root, "box"), 2);
	box = cfg_getnsec(root, "box", 0);
	assert_string_equal(cfg_title(box), "x");
	assert_string_equal(cfg_getstr(box, "kind"), "deep");
	assert_true(cfg_getbool(box, "open"));
	schema_close(f);
}

static void test_flaws_have_line_and_reason(void **state)
{
	(void)state;
	refused("\n\nsize = 12\n", 3, "size must be 1..9");
	refused("box \"x\" {\n kind = round\n}\n", 2, "flat|deep");
	refused("bogus = 1\n", 1, "bogus");
	refused("box \"x\" {}\nbox \"x\" {}\n", 2, "x");
	refused("size = many\n", 1, "size");
	refused("\nbox \"x\" {\n kind = deep # }\n", 2, "never closed");
	refused("names = {\"}\"\nsize = 2\n", 1, "never closed");
}

static void test_refuse_names_the_line(void **state)
{
	struct schema_flaw flaw;
	struct schema_file *f;
	cfg_t *box;

	(void)state;
	assert_int_equal(load("size = 2\nbox \"x\" {\n\n kind = deep\n}\n",
			      &f, &flaw), 0);
	box = cfg_getnsec(schema_root(f), "box", 0);
	assert_int_equal(schema_refuse(f, box, "kind", &flaw, "no %d", 7),
			 EINVAL);
	assert_int_equal(flaw.line, 4);
	assert_string_equal(flaw.text, "no 7");
	schema_refuse(f, box, "open", &flaw, "left out");
	assert_int_equal(flaw.line, 5);
	schema_close(f);
}

static void test_no_file(void **state)
{
	struct schema_flaw flaw;
	struct schema_file *f;

	(void)state;
	assert_int_equal(schema_open(&f, &schema, "/nonexistent/x", &flaw),
			 ENOENT);
	assert_int_equal(flaw.line, 0);
	assert_true(flaw.text[0]);
}

static void test_dump_parses(void **state)
{
	struct schema_flaw flaw;
	struct schema_file *f;
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	(void)state;
	schema_dump(to, &schema);
	fclose(to);
	assert_int_equal(load(text, &f, &flaw), 0);
	assert_int_equal(cfg_getint(schema_root(f), "size"), 3);
	schema_close(f);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_and_defaults),
		cmocka_unit_test(test_flaws_have_line_and_reason),
		cmocka_unit_test(test_refuse_names_the_line),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_dump_parses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
