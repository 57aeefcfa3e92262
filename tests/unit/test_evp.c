/* The three primitives and the key derivation, with the RFCs' own vectors. */
#include "tests/unit/unit.h"

#include "lib/base/b64.h"
#include "relay/crypt.h"
#include "relay/evp.h"
#include "relay/kdf.h"

/* Hex with blanks into octets. */
static size_t hex(const char *text, uint8_t *to, size_t size)
{
	char packed[512];
	size_t n = 0, at = 0;

	for (; *text; text++)
		if (*text != ' ')
			packed[at++] = *text;
	assert_true(at < sizeof(packed));
	assert_int_equal(hex_parse(slice_of(packed, at), 0, to, size, &n), 0);
	return n;
}

#define assert_hex(p, n, text)                                            \
	do {                                                              \
		uint8_t want_[256];                                       \
		assert_int_equal(hex(text, want_, sizeof(want_)), n);     \
		assert_memory_equal(p, want_, n);                         \
	} while (0)

/* RFC 3711 B.2, RFC 6188 7.1, 7.3: first blocks, and those where the
 * second octet of the counter has carried. */
static void keystream(void **state)
{
	static const struct {
		const char *key, *first, *late;
	} v[] = {
		{"2B7E151628AED2A6ABF7158809CF4F3C",
		 "E03EAD0935C95E80E166B16DD92B4EB4"
		 "D23513162B02D0F72A43A2FE4A5F97AB"
		 "41E95B3BB0A2E8DD477901E4FCA894C0",
		 "EC8CDF7398607CB0F2D21675EA9EA1E4"
		 "362B7C3C6773516318A077D7FC5073AE"
		 "6A2CC3787889374FBEB4C81B17BA6C44"},
		{"eab234764e517b2d3d160d587d8c8621"
		 "9740f65f99b6bcf7",
		 "35096cba4610028dc1b57503804ce37c"
		 "5de986291dcce161d5165ec4568f5c9a"
		 "474a40c77894bc17180202272a4c264d",
		 "d108d1a31a00bad6367ec23eb044b415"
		 "c8f57129fdeb970b59f917b257662d4c"
		 "a5dab625811034e8cebdfeb6dc158dd3"},
		{"57f82fe3613fd170a85ec93c40b1f092"
		 "2ec4cb0dc025b58272147cc438944a98",
		 "92bdd28a93c3f52511c677d08b5515a4"
		 "9da71b2378a854f67050756ded165bac"
		 "63c4868b7096d88421b563b8c94c9a31",
		 "cea518c90fd91ced9cbb18c078a54711"
		 "3dbc4814f4da5f00a08772b63c6a046d"
		 "6eb246913062a16891433e97dd01a57f"},
	};
	static uint8_t out[65282 * 16];
	uint8_t key[64], iv[16] = {0};
	struct evp_icm icm;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		n = hex(v[i].key, key, sizeof(key));
		hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD", key + n, 14);
		memset(out, 0, sizeof(out));
		assert_int_equal(evp_icm_init(&icm, key, n), 0);
		assert_int_equal(evp_icm_iv(&icm, iv), 0);
		assert_int_equal(evp_icm_run(&icm, out, sizeof(out)), 0);
		assert_hex(out, 48, v[i].first);
		assert_hex(out + sizeof(out) - 48, 48, v[i].late);
		/* in pieces it is the same stream, and the same IV starts it
		 * again */
		memset(out, 0, 48);
		assert_int_equal(evp_icm_iv(&icm, iv), 0);
		assert_int_equal(evp_icm_run(&icm, out, 7), 0);
		assert_int_equal(evp_icm_run(&icm, out + 7, 0), 0);
		assert_int_equal(evp_icm_run(&icm, out + 7, 41), 0);
		assert_hex(out, 48, v[i].first);
		evp_icm_fini(&icm);
	}
	assert_int_equal(evp_icm_init(&icm, key, 17), EINVAL);
	evp_icm_fini(&icm);
}

/* RFC 3711 B.3, RFC 6188 7.2, 7.4 */
static void derivation(void **state)
{
	static const struct {
		enum suite suite;
		const char *key, *salt, *cipher_key, *cipher_salt, *auth;
	} v[] = {
		{SUITE_AES_CM_128_HMAC_SHA1_80,
		 "E1F97A0D3E018BE0D64FA32C06DE4139",
		 "0EC675AD498AFEEBB6960B3AABE6",
		 "C61E7A93744F39EE10734AFE3FF7A087",
		 "30CBBC08863D8C85D49DB34A9AE1",
		 "CEBE321F6FF7716B6FD4AB49AF256A15"
		 "6D38BAA48F0A0ACF3C34E2359E6CDBCE"
		 "E049646C43D9327AD175578EF7227098"
		 "6371C10C9A369AC2F94A8C5FBCDDDC25"
		 "6D6E919A48B610EF17C2041E47403576"
		 "6B68642C59BBFC2F34DB60DBDFB2"},
		{SUITE_AES_192_CM_HMAC_SHA1_80,
		 "73edc66c4fa15776fb57f9505c171365"
		 "50ffda71f3e8e5f1",
		 "c8522f3acd4ce86d5add78edbb11",
		 "31874736a8f1143870c26e4857d8a5b2"
		 "c4a354407faadabb",
		 "2372b82d639b6d8503a47adc0a6c",
		 "355b10973cd95b9eacf4061c7e1a7151e7cfbfcb"},
		{SUITE_AES_256_CM_HMAC_SHA1_80,
		 "f0f04914b513f2763a1b1fa130f10e29"
		 "98f6f6e43e4309d1e622a0e332b9f1b6",
		 "3b04803de51ee7c96423ab5b78d2",
		 "5ba1064e30ec51613cad926c5a28ef73"
		 "1ec7fb397f70a960653caf06554cd8c4",
		 "fa31791685ca444a9e07c6c64e93",
		 "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"},
	};
	uint8_t key[64], out[94];
	size_t i, n, want;

	(void)state;
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		const struct suite_info *s = suite_info(v[i].suite);

		n = hex(v[i].key, key, sizeof(key));
		assert_int_equal(n, s->key);
		hex(v[i].salt, key + n, 14);
		assert_int_equal(kdf_derive(s, key, KDF_KEY, out, n), 0);
		assert_hex(out, n, v[i].cipher_key);
		assert_int_equal(kdf_derive(s, key, KDF_SALT, out, 14), 0);
		assert_hex(out, 14, v[i].cipher_salt);
		want = strlen(v[i].auth) / 2;
		assert_int_equal(kdf_derive(s, key, KDF_AUTH, out, want), 0);
		assert_hex(out, want, v[i].auth);
	}
}

struct gcm_vector {
	const char *key, *iv, *aad, *plain, *cipher;
};

#define K128 "000102030405060708090a0b0c0d0e0f"
#define K256 K128 "101112131415161718191a1b1c1d1e1f"
#define RTP_IV "51753c6580c2726f20718414"
#define RTP_HEAD "8040f17b8041f8d35501a0b2"
#define RTP_TEXT                                                           \
	"47616c6c696120657374206f6d6e697320646976"                         \
	"69736120696e207061727465732074726573"
#define RTCP_IV "517524055203726f207170bb"
#define RTCP_HEAD "81c8000d4d617273"
#define RTCP_TEXT                                                          \
	"4e5450314e545032525450200000042a0000e9304c756e61"                 \
	"deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"

static const struct gcm_vector gcm_vectors[] = {
	/* RFC 7714 16.1.1, 16.2.1: SRTP */
	{K128, RTP_IV, RTP_HEAD, RTP_TEXT,
	 "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a"
	 "51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce"},
	{K256, RTP_IV, RTP_HEAD, RTP_TEXT,
	 "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a02"
	 "76ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13"},
	/* 16.1.3, 16.2.3: tag only */
	{K128, RTP_IV, RTP_HEAD RTP_TEXT, "",
	 "22493f82d2bce397e9d79e3b19aa4216"},
	{K256, RTP_IV, RTP_HEAD RTP_TEXT, "",
	 "a866d5910f887463067ceefec45215d4"},
	/* 17.1, 17.2: SRTCP, E flag and index in the AAD */
	{K128, RTCP_IV, RTCP_HEAD "800005d4", RTCP_TEXT,
	 "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1"
	 "730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf872"
	 "45d9eade"},
	{K256, RTCP_IV, RTCP_HEAD "800005d4", RTCP_TEXT,
	 "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1"
	 "110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6c"
	 "b26ac3be"},
	/* 17.3, 17.4: tag only */
	{K128, RTCP_IV, RTCP_HEAD RTCP_TEXT "000005d4", "",
	 "841dd9683dd78ec92ae58790125f62b3"},
	{K256, RTCP_IV, RTCP_HEAD RTCP_TEXT "000005d4", "",
	 "91db4afbfeee5a978fab4393ed2615fe"},
};

static void gcm(void **state)
{
	const struct gcm_vector *v = gcm_vectors;
	uint8_t key[32], iv[12], aad[80], p[160], before[160], want[160];
	struct evp_gcm g;
	size_t i, n, na, nw;

	(void)state;
	for (i = 0; i < sizeof(gcm_vectors) / sizeof(gcm_vectors[0]); i++) {
		n = hex(v[i].key, key, sizeof(key));
		assert_int_equal(evp_gcm_init(&g, key, n), 0);
		hex(v[i].iv, iv, sizeof(iv));
		na = hex(v[i].aad, aad, sizeof(aad));
		n = *v[i].plain ? hex(v[i].plain, p, sizeof(p)) : 0;
		nw = hex(v[i].cipher, want, sizeof(want));
		assert_int_equal(nw, n + EVP_GCM_TAG);

		assert_int_equal(evp_gcm_iv(&g, iv, true), 0);
		assert_int_equal(evp_gcm_aad(&g, aad, na), 0);
		assert_int_equal(evp_gcm_encrypt(&g, p, n), 0);
		assert_int_equal(evp_gcm_tag(&g, p + n), 0);
		assert_memory_equal(p, want, nw);

		/* one bit of the tag, of the text, of the AAD: refused, and
		 * the octets are as they came */
		memcpy(before, p, nw);
		p[nw - 1] ^= 1;
		assert_int_equal(evp_gcm_iv(&g, iv, false), 0);
		assert_int_equal(evp_gcm_aad(&g, aad, na), 0);
		assert_int_equal(evp_gcm_decrypt(&g, p, n, 16), EBADMSG);
		p[nw - 1] ^= 1;
		assert_memory_equal(p, before, nw);
		assert_int_equal(evp_gcm_iv(&g, iv, false), 0);
		assert_int_equal(evp_gcm_aad(&g, aad, na - 1), 0);
		assert_int_equal(evp_gcm_decrypt(&g, p, n, 16), EBADMSG);
		assert_memory_equal(p, before, nw);

		assert_int_equal(evp_gcm_iv(&g, iv, false), 0);
		assert_int_equal(evp_gcm_aad(&g, aad, na / 2), 0);
		assert_int_equal(evp_gcm_aad(&g, aad + na / 2, na - na / 2), 0);
		assert_int_equal(evp_gcm_decrypt(&g, p, n, 16), 0);
		if (n)
			hex(v[i].plain, want, sizeof(want));
		assert_memory_equal(p, want, n);
		evp_gcm_fini(&g);
	}
	assert_int_equal(evp_gcm_init(&g, key, 24), EINVAL);
	evp_gcm_fini(&g);
}

/* RFC 2202 section 3, test cases 1 to 3 and 6's kind of length */
static void hmac(void **state)
{
	static const struct {
		const char *key, *data, *tag;
	} v[] = {
		{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
		 "b617318655057264e28bc0b6fb378c8ef146be00"},
		{"4a656665",
		 "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		 "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		 "dddddddddddddddddddddddddddddddddddddddddddddddddd"
		 "dddddddddddddddddddddddddddddddddddddddddddddddddd",
		 "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
	};
	uint8_t key[64], data[64], tag[20];
	struct evp_hmac h;
	size_t i, n, j;

	(void)state;
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		evp_hmac_init(&h, key, hex(v[i].key, key, sizeof(key)));
		n = hex(v[i].data, data, sizeof(data));
		evp_hmac_start(&h);
		evp_hmac_add(&h, data, n);
		evp_hmac_end(&h, tag);
		assert_hex(tag, 20, v[i].tag);
		evp_hmac_start(&h); /* again, octet by octet */
		for (j = 0; j < n; j++)
			evp_hmac_add(&h, data + j, 1);
		evp_hmac_end(&h, tag);
		assert_hex(tag, 20, v[i].tag);
		evp_hmac_fini(&h);
	}
}

/* libsrtp2 takes the types: its self-tests and ours pass. */
static void installed(void **state)
{
	(void)state;
	assert_int_equal(crypt_init_process(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keystream),  cmocka_unit_test(derivation),
		cmocka_unit_test(gcm),	      cmocka_unit_test(hmac),
		cmocka_unit_test(installed),
	};

	return cmocka_run_group_tests_name("evp", tests, NULL, NULL);
}
