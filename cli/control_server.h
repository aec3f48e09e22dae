// The control socket, <store.path>/control.sock: how a command reaches the one process that may write. One
// JSON line in, one JSON line out; for whoever may open the file.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <tl/expected.hpp>

#include "store/store.h"

namespace guichet::cli {

class ControlServer {
 public:
  [[nodiscard]] static tl::expected<std::unique_ptr<ControlServer>, std::string> open(
      const std::filesystem::path& socket, store::Store& store);
  ~ControlServer();  // after the command that is being carried out

 private:
  ControlServer(int descriptor, std::filesystem::path socket, store::Store& store);
  void run();
  void serve(int client);
  [[nodiscard]] std::string answer(const std::string& line);

  const int descriptor_;
  const std::filesystem::path socket_;
  store::Store& store_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace guichet::cli
