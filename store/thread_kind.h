// What the scheduler is told of the store's threads.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

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

// Runs, and reads from the disk, only when nobody else wants to. For threads that hold no lock which another
// one waits for.
inline void works_when_idle() {
  constexpr int this_thread = 1,
                idle_class = 3 << 13;  // IOPRIO_WHO_PROCESS, IOPRIO_CLASS_IDLE: ioprio_set(2)
  const sched_param no_priority{};
  ::pthread_setschedparam(::pthread_self(), SCHED_IDLE, &no_priority);
  static_cast<void>(::syscall(SYS_ioprio_set, this_thread, 0, idle_class));
}

}  // namespace guichet::store
