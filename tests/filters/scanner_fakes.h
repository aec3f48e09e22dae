// Servers that misbehave as they are told to, and a message for the scanners to look at.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "filters/scanner.h"

namespace guichet::filters {

// A temporary folder, removed with all that is in it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string path(std::string_view name) const { return path_ + "/" + std::string(name); }
  void make(std::string_view name) const;  // a folder in it
  void write(std::string_view name, std::string_view octets) const;
  [[nodiscard]] std::string read(std::string_view name) const;  // "" when there is none

 private:
  std::string path_;
};

class MessageInMemory {
 public:
  explicit MessageInMemory(std::string_view octets);
  ~MessageInMemory();
  MessageInMemory(const MessageInMemory&) = delete;
  MessageInMemory& operator=(const MessageInMemory&) = delete;
  [[nodiscard]] const OpenMessage& file() const { return file_; }

 private:
  OpenMessage file_;
};

// The server's end of a connection. Nothing here outlasts the client's leaving, or the end of the server.
class Peer {
 public:
  explicit Peer(int descriptor) : descriptor_(descriptor) {}
  [[nodiscard]] std::string read(std::size_t octets);  // fewer only when the client has gone
  [[nodiscard]] std::string read_until(std::string_view end);
  void say(std::string_view octets);
  void say_slowly(std::string_view octets);  // again and again, with pauses
  void say_for_ever(std::string_view octets);
  void wait_until_alone();  // reads nothing

 private:
  int descriptor_;
  bool alone_ = false;
};

// One connection after the other, each given to `talk` and closed after it.
class FakeServer {
 public:
  using Talk = std::function<void(Peer&)>;
  explicit FakeServer(Talk talk);                  // on a free port of 127.0.0.1
  FakeServer(const std::string& path, Talk talk);  // on a unix socket
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] unsigned connections() const;

 private:
  void serve();

  const Talk talk_;
  int listening_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  bool stopping_ = false;  // under mutex_, like the two below
  int connected_ = -1;
  unsigned connections_ = 0;
  std::thread thread_;
};

// Listens, and has no room for another connection.
class FullServer {
 public:
  FullServer();
  explicit FullServer(const std::string& path);
  ~FullServer();
  FullServer(const FullServer&) = delete;
  FullServer& operator=(const FullServer&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int listening_;
  std::uint16_t port_ = 0;
  std::vector<int> waiting_;
};

[[nodiscard]] std::uint16_t free_port();

}  // namespace guichet::filters
