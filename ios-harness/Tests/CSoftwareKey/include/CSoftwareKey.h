#ifndef C_SOFTWARE_KEY_H
#define C_SOFTWARE_KEY_H

#include <stddef.h>
#include <stdint.h>

/* A P-256 key pair in this process's memory, made by OpenSSL: for tests only. */
typedef struct software_key software_key;

/* A new pair; NULL where OpenSSL makes none. */
software_key *software_key_new(void);

/* The pair whose PKCS #8 DER is given; NULL where it is none. */
software_key *software_key_from_pkcs8(const uint8_t *der, size_t length);

void software_key_free(software_key *key);

/* Each writes DER to `out` and returns its length; 0 where it fails or `capacity` is too small. */
size_t software_key_pkcs8(const software_key *key, uint8_t *out, size_t capacity);
size_t software_key_spki(const software_key *key, uint8_t *out, size_t capacity);
size_t software_key_sign(const software_key *key, const uint8_t *message, size_t length, uint8_t *out, size_t capacity);

#endif
