#include "cli/filter_worker.h"

#include <optional>

#include "filters/examine.h"

namespace guichet::cli {

int filter_worker(const FilterWorkerOptions& options) {
  std::optional<filters::Examiner> examiner;
  const filters::WorkerOptions worker{
      .limits = {.memory_octets = std::uint64_t{options.memory_mib} << 20}, .prepare = [&] {
        examiner.emplace(filters::ExamineOptions{options.authentication, options.parts});
      }};
  const auto examine = [&](const filters::Request& request, std::string_view octets, filters::Names& names,
                           filters::Tell& tell) { (*examiner)(request, octets, names, tell); };
  return filters::run_worker(filters::worker_socket, worker, examine);
}

}  // namespace guichet::cli
