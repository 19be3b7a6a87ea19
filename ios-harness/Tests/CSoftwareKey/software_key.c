#include "CSoftwareKey.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

struct software_key {
    EVP_PKEY *pair;
};

static software_key *wrap(EVP_PKEY *pair) {
    software_key *key = pair ? malloc(sizeof *key) : NULL;
    if (!key) {
        EVP_PKEY_free(pair);
        return NULL;
    }
    key->pair = pair;
    return key;
}

software_key *software_key_new(void) {
    return wrap(EVP_EC_gen("P-256"));
}

software_key *software_key_from_pkcs8(const uint8_t *der, size_t length) {
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &der, (long)length);
    EVP_PKEY *pair = info ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return wrap(pair);
}

void software_key_free(software_key *key) {
    if (key) {
        EVP_PKEY_free(key->pair);
        free(key);
    }
}

/* Hands over what OpenSSL allocated. */
static size_t give(unsigned char *der, int length, uint8_t *out, size_t capacity) {
    size_t given = 0;
    if (length > 0 && (size_t)length <= capacity) {
        memcpy(out, der, (size_t)length);
        given = (size_t)length;
    }
    OPENSSL_free(der);
    return given;
}

size_t software_key_pkcs8(const software_key *key, uint8_t *out, size_t capacity) {
    unsigned char *der = NULL;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pair);
    int length = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
    PKCS8_PRIV_KEY_INFO_free(info);
    return give(der, length, out, capacity);
}

size_t software_key_spki(const software_key *key, uint8_t *out, size_t capacity) {
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key->pair, &der);
    return give(der, length, out, capacity);
}

size_t software_key_sign(const software_key *key, const uint8_t *message, size_t length, uint8_t *out, size_t capacity) {
    size_t written = capacity;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int done = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->pair) == 1 &&
               EVP_DigestSign(context, out, &written, message, length) == 1;
    EVP_MD_CTX_free(context);
    return done ? written : 0;
}
