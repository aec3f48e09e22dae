#include "cli/filter_samples.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <system_error>
#include <vector>

namespace guichet::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t samples_max = 20;
constexpr std::uint64_t octets_max = 32 << 20;
constexpr std::size_t piece_octets = 256 * 1024;

bool copy(const filters::MessageFile& message, const fs::path& to) {
  std::ofstream out(to, std::ios::binary);
  std::string piece(piece_octets, '\0');
  for (std::uint64_t at = 0; at < message.size_octets() && out;) {
    const auto got = ::pread(message.descriptor(), piece.data(), piece.size(), static_cast<off_t>(at));
    if (got <= 0) return false;
    out.write(piece.data(), got);
    at += static_cast<std::uint64_t>(got);
  }
  return out.flush().good();
}

}  // namespace

// Names are times: the first in order is the oldest.
void FilterSamples::make_room() const {
  std::error_code ignored;
  std::vector<fs::path> there;
  for (const auto& entry : fs::directory_iterator(folder_, ignored))
    there.push_back(entry.path());
  std::ranges::sort(there);
  for (std::size_t i = 0; i + samples_max <= there.size(); ++i)
    fs::remove(there[i], ignored);
}

void FilterSamples::keep(const filters::MessageFile& message, const std::string& why) {
  if (message.size_octets() > octets_max) return;
  const std::lock_guard lock(mutex_);
  std::error_code error;
  fs::create_directories(folder_, error);
  make_room();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto file =
      folder_ / (std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count()) + ".eml");
  if (copy(message, file)) return news_(why + "; the message is kept: guichet judge " + file.string());
  fs::remove(file, error);
  news_(why + "; the message could not be kept in " + folder_.string());
}

}  // namespace guichet::cli
