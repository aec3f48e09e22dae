#include "net/dated_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "net/counters.h"

namespace guichet::net {
namespace {

constexpr std::size_t waiting_octets_max = 8 << 20;  // while the disk does not answer

bool write_all(int descriptor, std::string_view octets) {
  while (!octets.empty()) {
    const auto wrote = ::write(descriptor, octets.data(), octets.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

Counter& lost_lines() {
  static auto& counter = net::counter("log.postfix_lost");
  return counter;
}

}  // namespace

DatedFile::DatedFile(std::filesystem::path prefix, std::function<void(const std::string&)> alarm)
    : prefix_(std::move(prefix)), alarm_(std::move(alarm)), thread_([this] { run(); }) {
  (void)lost_lines();
}

DatedFile::~DatedFile() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (descriptor_ >= 0) ::close(descriptor_);
}

void DatedFile::add(std::string day, std::string lines) {
  const std::lock_guard lock(mutex_);
  if (waiting_octets_ + lines.size() > waiting_octets_max) return lost_lines().add();
  waiting_octets_ += lines.size();
  waiting_.emplace_back(std::move(day), std::move(lines));
  changed_.notify_all();
}

void DatedFile::run() {
  std::unique_lock lock(mutex_);
  while (!stop_ || !waiting_.empty()) {
    changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
    const auto entries = std::exchange(waiting_, {});
    waiting_octets_ = 0;
    lock.unlock();
    write(entries);
    lock.lock();
  }
}

// Not kept open between the bursts: whoever moves a file away, as logrotate does, finds the next lines in a
// new one.
void DatedFile::write(const std::vector<Entry>& entries) {
  for (const auto& [day, lines] : entries) {
    if (!turn_to(day) || !write_all(descriptor_, lines)) {
      lost(std::strerror(errno));
    } else {
      failed_ = false;
    }
  }
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

bool DatedFile::turn_to(const std::string& day) {
  if (descriptor_ >= 0 && day == day_) return true;
  if (descriptor_ >= 0) ::close(descriptor_);
  day_ = day;
  descriptor_ = ::open((prefix_.string() + day).c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  return descriptor_ >= 0;
}

void DatedFile::lost(const std::string& why) {
  lost_lines().add();
  if (!std::exchange(failed_, true))
    alarm_("lines of log.postfix_path are lost, mail is not: " + prefix_.string() + day_ + ": " + why);
}

}  // namespace guichet::net
