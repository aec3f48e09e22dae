// Messages that were the end of a filter worker, kept for whoever mends the filter: a few, the newest ones.
// They are copies of what the archive has; an erasure of any message empties the folder (store/erasure.cc).
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "filters/message_file.h"

namespace guichet::cli {

// Thread-safe.
class FilterSamples {
 public:
  using Say = std::function<void(const std::string& text)>;
  FilterSamples(std::filesystem::path folder, Say news)
      : folder_(std::move(folder)), news_(std::move(news)) {}

  // A failure is told, and nothing else comes of it.
  void keep(const filters::MessageFile& message, const std::string& why);

 private:
  void make_room() const;

  const std::filesystem::path folder_;
  const Say news_;
  std::mutex mutex_;
};

}  // namespace guichet::cli
