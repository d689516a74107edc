/*
 * What the options of content calls and the getters of progress events do with
 * arguments of no use. Arguments: how, the address of a server, and the size of
 * a large text.
 */
#include "arguments.h"

#include <limits.h>

static int on_progress(void *userdata, const reggie_progress *progress)
{
    (void)userdata;
    (void)progress;
    return 0;
}

static int on_item(void *userdata, const reggie_descriptor *parent,
                   const reggie_descriptor *item, int is_referrer, int *take)
{
    (void)userdata;
    (void)parent;
    (void)item;
    (void)is_referrer;
    (void)take;
    return 0;
}

static void nothing_for_null(void)
{
    GIVES_NUMBER(0, reggie_progress_event(NULL));
    GIVES_NUMBER(0, reggie_progress_phase(NULL));
    GIVES_NUMBER(0, reggie_progress_number(NULL));
    GIVES_NUMBER(0, reggie_progress_index(NULL));
    GIVES_NULL(reggie_progress_item(NULL));
    GIVES_TEXT("", reggie_progress_name(NULL));
    GIVES_NUMBER(0, reggie_progress_done(NULL));
    GIVES_NUMBER(REGGIE_UNKNOWN_SIZE, reggie_progress_total(NULL));
    GIVES_NUMBER(0, reggie_progress_resumed(NULL));
    GIVES_NUMBER(0, reggie_progress_wait_ms(NULL));
    GIVES_NUMBER(0, reggie_progress_all_done(NULL));
    GIVES_NUMBER(0, reggie_progress_all_total(NULL));
    GIVES_NUMBER(0, reggie_progress_items(NULL));
    GIVES_NUMBER(0, reggie_progress_items_done(NULL));
    RETURNS(reggie_options_free(NULL));
}

static void calls(reggie_options *options)
{
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_cancel(NULL, NULL));
    WORKS(reggie_options_set_cancel(options, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_timeout(options, -1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_timeout(options, INT64_MIN));
    WORKS(reggie_options_set_timeout(options, INT64_MAX));
    WORKS(reggie_options_set_timeout(options, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_retries(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_retries(options, INT_MIN));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_retries(options, INT_MAX));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_retries(options, -2));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_retries(options, 1001));
    WORKS(reggie_options_set_retries(options, 1000));
    WORKS(reggie_options_set_retries(options, -1));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_options_set_progress_callback(NULL, 1, on_progress, NULL,
                                               NULL));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_progress_callback(options, INT64_MIN, on_progress,
                                               NULL, NULL));
    WORKS(reggie_options_set_progress_callback(options, INT64_MAX, on_progress,
                                               NULL, NULL));
    WORKS(reggie_options_set_progress_callback(options, 0, NULL, NULL, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_pages(NULL, 1, 1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_pages(options, 0, 1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_pages(options, 10001, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_pages(options, (size_t)-1, 1));
    WORKS(reggie_options_set_pages(options, 10000, (size_t)-1));
    WORKS(reggie_options_set_pages(options, 1, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_delete_detour(NULL, 1));
    WORKS(reggie_options_set_delete_detour(options, INT_MIN));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_max_manifest(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_max_manifest(options, 0));
    WORKS(reggie_options_set_max_manifest(options, (size_t)-1));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_add_manifest_type(NULL, "a/b"));
    TAKES(reggie_options_add_manifest_type(options, text),
          REGGIE_INVALID_MEDIA_TYPE, REGGIE_INVALID_MEDIA_TYPE,
          REGGIE_INVALID_UTF8, REGGIE_INVALID_MEDIA_TYPE);
    WORKS(reggie_options_add_manifest_type(options, "a/b"));
}

static void pulls(reggie_options *options)
{
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_ranges(NULL, 1, 0));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_ranges(options, 0, 0));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_ranges(options, 17, 0));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_ranges(options, (size_t)-1, 0));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_ranges(options, 1, (size_t)-1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_ranges(options, 1, 65535));
    WORKS(reggie_options_set_ranges(options, 16, 65536));
    WORKS(reggie_options_set_ranges(options, 1, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_max_speed(NULL, 1, 1));
    WORKS(reggie_options_set_max_speed(options, UINT64_MAX, 1));
    WORKS(reggie_options_set_max_speed(options, 1, UINT64_MAX));
    WORKS(reggie_options_set_max_speed(options, 0, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_max_blob(NULL, 1));
    WORKS(reggie_options_set_max_blob(options, UINT64_MAX));
    WORKS(reggie_options_set_max_blob(options, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_resume(NULL, 1));
    WORKS(reggie_options_set_resume(options, INT_MIN));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_lock_timeout(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_lock_timeout(options, INT64_MIN));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_lock_timeout(options, -2));
    WORKS(reggie_options_set_lock_timeout(options, -1));
    WORKS(reggie_options_set_lock_timeout(options, INT64_MAX));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_options_set_existing(NULL, REGGIE_EXISTING_CHECK));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_existing(options, INT_MAX));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_existing(options, INT_MIN));
    WORKS(reggie_options_set_existing(options, REGGIE_EXISTING_TRUST));
    WORKS(reggie_options_set_existing(options, REGGIE_EXISTING_REPLACE));
    WORKS(reggie_options_set_existing(options, REGGIE_EXISTING_CHECK));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_sync(NULL, 1));
    WORKS(reggie_options_set_sync(options, INT_MIN));
}

static void selection(reggie_options *options)
{
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_parallel(NULL, 1));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_parallel(options, 0));
    FAILS(REGGIE_INVALID_ARGUMENT, reggie_options_set_parallel(options, 65));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_parallel(options, (size_t)-1));
    WORKS(reggie_options_set_parallel(options, 64));
    WORKS(reggie_options_set_parallel(options, 1));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_platform(NULL, "host"));
    TAKES_NULL(reggie_options_set_platform(options, text), (void)0, REGGIE_OK,
               REGGIE_INVALID_PLATFORM, REGGIE_INVALID_PLATFORM,
               REGGIE_INVALID_UTF8, REGGIE_INVALID_PLATFORM);
    WORKS(reggie_options_set_platform(options, "host"));
    WORKS(reggie_options_set_platform(options, "linux/arm64"));
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_options_set_filter_callback(NULL, on_item, NULL, NULL));
    WORKS(reggie_options_set_filter_callback(options, on_item, NULL, NULL));
    WORKS(reggie_options_set_filter_callback(options, NULL, NULL, NULL));
}

static void pushes(reggie_options *options)
{
    FAILS(REGGIE_NULL_ARGUMENT,
          reggie_options_set_algorithm(NULL, REGGIE_SHA256));
    TAKES(reggie_options_set_algorithm(options, text),
          REGGIE_UNKNOWN_ALGORITHM, REGGIE_UNKNOWN_ALGORITHM,
          REGGIE_INVALID_UTF8, REGGIE_UNKNOWN_ALGORITHM);
    WORKS(reggie_options_set_algorithm(options, REGGIE_SHA512));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_chunk_size(NULL, 0));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_chunk_size(options, UINT64_MAX));
    FAILS(REGGIE_INVALID_ARGUMENT,
          reggie_options_set_chunk_size(options, 65535));
    WORKS(reggie_options_set_chunk_size(options, 65536));
    WORKS(reggie_options_set_chunk_size(options, 0));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_set_state_folder(NULL, "a"));
    TAKES_NULL(reggie_options_set_state_folder(options, text), (void)0,
               REGGIE_OK, REGGIE_INVALID_ARGUMENT, REGGIE_OK, REGGIE_OK,
               REGGIE_OK);
    WORKS(reggie_options_set_state_folder(options, NULL));
    FAILS(REGGIE_NULL_ARGUMENT, reggie_options_add_mount_from(NULL, "a"));
    TAKES(reggie_options_add_mount_from(options, text),
          REGGIE_INVALID_REFERENCE, REGGIE_INVALID_REFERENCE,
          REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE);
    WORKS(reggie_options_add_mount_from(options, "a/b"));
}

static void run(void *address)
{
    reggie_options *options;

    (void)address;
    nothing_for_null();
    tell("reggie_options_new()");
    options = reggie_options_new();
    CHECK(options != NULL);
    calls(options);
    pulls(options);
    pushes(options);
    selection(options);
    reggie_options_free(options);
}

int main(int count, char **arguments)
{
    CHECK_NUMBER(4, count);
    prepare(arguments[3]);
    return check_run(arguments[1], run, arguments[2]);
}
