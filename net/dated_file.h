// A file a day, for programs that read logs by date: PREFIX20261127. Lines are written by a thread of its
// own; whoever adds them never waits for the disk. What cannot be written is lost, with an alarm once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace guichet::net {

class DatedFile {
 public:
  // `alarm` is called in this object's thread.
  DatedFile(std::filesystem::path prefix, std::function<void(const std::string&)> alarm);
  ~DatedFile();  // writes what waits

  // Whole lines, each with its line end, for the file of that day ("20261127"). Thread-safe.
  void add(std::string day, std::string lines);

 private:
  using Entry = std::pair<std::string, std::string>;  // day, lines
  void run();
  void write(const std::vector<Entry>& entries);
  [[nodiscard]] bool turn_to(const std::string& day);
  void lost(const std::string& why);

  const std::filesystem::path prefix_;
  const std::function<void(const std::string&)> alarm_;
  int descriptor_ = -1;  // these three are the thread's
  std::string day_;
  bool failed_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> waiting_;
  std::size_t waiting_octets_ = 0;
  bool stop_ = false;
  std::thread thread_;  // last: it ends before what it uses
};

}  // namespace guichet::net
