/*
 * Two Rust libraries in one program: both panic, both catch it, and both use their
 * own copy of ring. REGGIE_TEST_PANIC makes calls of libreggie panic, in a library
 * that was built for this test.
 */
#include <reggie.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int other_catches_a_panic(void);
int other_digest(void);

#define CHECK(condition)                                            \
    do {                                                            \
        if (!(condition)) {                                         \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            return EXIT_FAILURE;                                    \
        }                                                           \
    } while (0)

int main(void)
{
    reggie_cancel *cancel = NULL;
    char *digest = NULL;
    int round;

    for (round = 0; round < 3; round++) {
        CHECK(other_catches_a_panic() == 1);
        setenv("REGGIE_TEST_PANIC", "1", 1);
        CHECK(reggie_cancel_new(&cancel, NULL) == REGGIE_PANIC);
        unsetenv("REGGIE_TEST_PANIC");
        CHECK(reggie_cancel_new(&cancel, NULL) == REGGIE_OK);
        reggie_cancel_free(cancel);
    }
    CHECK(other_digest() == 0xe3);
    CHECK(reggie_digest_bytes(REGGIE_SHA256, NULL, 0, &digest, NULL) == REGGIE_OK);
    CHECK(strncmp(digest, "sha256:e3b0c442", 15) == 0);
    reggie_string_free(digest);
    puts("both panicked and caught");
    return EXIT_SUCCESS;
}
