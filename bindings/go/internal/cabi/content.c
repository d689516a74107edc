#include "artifacts.h"

#include "_cgo_export.h"

/* userdata is the number of a Reader. */

int cabi_on_read(void *userdata, void *buffer, size_t size, size_t *got)
{
    return cabiRead((uintptr_t)userdata, buffer, size, got);
}

int cabi_on_rewind(void *userdata)
{
    return cabiRewind((uintptr_t)userdata);
}

int cabi_on_write(void *userdata, const void *data, size_t size)
{
    (void)userdata;
    return cabiWrite(cabi_current(), (void *)data, size);
}

static int on_progress(void *userdata, const reggie_progress *progress)
{
    (void)userdata;
    return cabiProgress(cabi_current(), (uintptr_t)progress);
}

static int on_filter(void *userdata, const reggie_descriptor *parent,
                     const reggie_descriptor *item, int is_referrer, int *take)
{
    (void)userdata;
    return cabiFilter(cabi_current(), (uintptr_t)parent, (uintptr_t)item,
                      is_referrer, take);
}

/* userdata is the number of an output of the call. */
static int on_write_to(void *userdata, const void *data, size_t size)
{
    return cabiWriteTo(cabi_current(), (uintptr_t)userdata, (void *)data, size);
}

reggie_status cabi_batch_pull_to_call(uintptr_t id, uintptr_t repository,
                                      uintptr_t blob, uintptr_t output)
{
    return reggie_batch_pull_to_callback(
        CABI_BATCH(id), CABI_IN(repository, repository),
        CABI_IN(descriptor, blob), on_write_to, (void *)output, NULL);
}

reggie_status cabi_options_set_filter(uintptr_t id)
{
    return reggie_options_set_filter_callback((reggie_options *)id, on_filter,
                                              NULL, NULL);
}

reggie_status cabi_options_set_progress(uintptr_t id, int64_t interval)
{
    return reggie_options_set_progress_callback((reggie_options *)id, interval,
                                                on_progress, NULL, NULL);
}
