// `guichet filter-worker`: what the gateway starts to read what strangers wrote (filters/worker.h). Not for
// people.
#pragma once

namespace guichet::cli {

struct FilterWorkerOptions {
  bool authentication = false;
  bool parts = false;
  unsigned memory_mib = 128;
};

int filter_worker(const FilterWorkerOptions& options);

}  // namespace guichet::cli
