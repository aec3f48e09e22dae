// What the scheduler is told of the store's threads.
#pragma once

#include <pthread.h>
#include <sched.h>

namespace guichet::store {

// To be called by the thread itself. `name` is what `top -H` shows: at most 15 octets.
//
// SCHED_BATCH: a thread that is woken for work does not take the processor from the one that woke it. So the
// I/O thread goes on with its other sessions, and under load a batch takes in what they bring: a third to a
// half fewer barriers. On a machine with a processor to spare it changes nothing.
inline void works_in_batches(const char* name) {
  ::pthread_setname_np(::pthread_self(), name);
  const sched_param no_priority{};
  ::pthread_setschedparam(::pthread_self(), SCHED_BATCH,
                          &no_priority);  // refused in a sandbox: slower, no more
}

}  // namespace guichet::store
