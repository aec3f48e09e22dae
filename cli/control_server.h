// The control socket, <store.path>/control.sock: how a command reaches the one process that may write. One
// JSON line in, with it at most one open file; one JSON line out; for whoever may open the socket.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include <tl/expected.hpp>

#include "store/store.h"

namespace guichet::cli {

class ControlServer {
 public:
  // What else can be asked of this gateway, by the word of the command. Called in this object's thread, one
  // at a time; answers with a JSON object on one line, and soon: the next client waits.
  using More = std::map<std::string, std::function<std::string()>>;
  [[nodiscard]] static tl::expected<std::unique_ptr<ControlServer>, std::string> open(
      const std::filesystem::path& socket, store::Store& store, More more = {});
  ~ControlServer();  // after the command that is being carried out

 private:
  ControlServer(int descriptor, std::filesystem::path socket, store::Store& store, More more);
  void run();
  void serve(int client);
  [[nodiscard]] std::string answer(const std::string& line, int attached);

  const int descriptor_;
  const std::filesystem::path socket_;
  store::Store& store_;
  const More more_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace guichet::cli
