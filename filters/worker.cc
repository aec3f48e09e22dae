#include "filters/worker.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "filters/findings_json.h"
#include "filters/wire.h"

namespace guichet::filters {
namespace {

constexpr int exit_without_walls = 70;    // EX_SOFTWARE
constexpr int exit_without_gateway = 76;  // EX_PROTOCOL: what it said was no request, or it is gone

// The gateway is gone in the midst of a message: nobody is there to be told. Not an exception, since the
// frames in between may be those of a library in C.
[[noreturn]] void end_without_gateway() {
  ::_exit(exit_without_gateway);
}

void send(Wire& wire, FrameType type, std::string_view payload) {
  if (!wire.send(type, payload)) end_without_gateway();
}

class Mapping {
 public:
  // Of the whole file, whatever its size is said to be. Nothing: it cannot be mapped.
  explicit Mapping(Descriptor file) {
    const auto size = ::lseek(file.get(), 0, SEEK_END);
    if (size < 0) return;
    size_ = static_cast<std::size_t>(size);
    // RFC 5322 has no message of no octets, but mail has; mmap() has no mapping of none.
    octets_ = size_ == 0 ? nullptr : ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  }
  ~Mapping() {
    if (size_ > 0 && made()) ::munmap(octets_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[nodiscard]] bool made() const { return octets_ != MAP_FAILED; }
  [[nodiscard]] std::string_view octets() const { return {static_cast<const char*>(octets_), size_}; }

 private:
  void* octets_ = MAP_FAILED;
  std::size_t size_ = 0;
};

// DNS, as far as the gateway lets it.
class NamesOfGateway : public Names {
 public:
  explicit NamesOfGateway(Wire& wire) : wire_(wire) {}

  [[nodiscard]] NameAnswer ask(const NameQuestion& question) override {
    send(wire_, FrameType::ask, encode_question(question));
    const auto frame = wire_.receive();
    if (!frame || frame->type != FrameType::answer) end_without_gateway();
    return decode_answer(frame->payload).value_or(NameAnswer());
  }

  void expect(const std::vector<NameQuestion>& questions) override {
    if (!questions.empty()) send(wire_, FrameType::expect, encode_questions(questions));
  }

 private:
  Wire& wire_;
};

class TellGateway : public Tell {
 public:
  explicit TellGateway(Wire& wire) : wire_(wire) {}

  void begins(Stage stage) override {
    const char octet = static_cast<char>(stage);
    send(wire_, FrameType::stage, {&octet, 1});
  }

  void found(const Findings& piece) override {
    const auto json = encode_findings(piece);
    if (json.size() <= from_worker_octets_max) return send(wire_, FrameType::found, json);
    Findings instead;
    instead.errors = {"what was found is too long to be told"};
    send(wire_, FrameType::found, encode_findings(instead));
  }

  // Decoders give a few octets at a time; a frame each would cost more than the decoding.
  void octets(std::string_view octets) override {
    gathered_ += octets;
    if (gathered_.size() >= gathered_octets) flush();
  }

  void flush() {
    for (std::string_view rest = gathered_; !rest.empty();) {
      const auto piece = rest.substr(0, gathered_octets);
      send(wire_, FrameType::octets, piece);
      rest.remove_prefix(piece.size());
    }
    gathered_.clear();
  }

  void error(const std::string& text) {
    Findings piece;
    piece.errors = {text};
    found(piece);
  }

 private:
  static constexpr std::size_t gathered_octets = 256 * 1024;
  Wire& wire_;
  std::string gathered_;
};

// False: an exception has left things as nobody knows, and the worker is to end.
bool examine_one(const Examine& examine, const Request& request, std::string_view octets, Wire& wire) {
  NamesOfGateway names(wire);
  TellGateway tell(wire);
  try {
    examine(request, octets, names, tell);
    tell.flush();
    return true;
  } catch (const std::bad_alloc&) {
    tell.error("the message takes more memory than a worker has");
  } catch (const std::exception& error) {
    tell.error(std::string("an exception: ") + error.what());
  }
  return false;
}

// Returns whether to go on.
bool serve(Frame frame, const Examine& examine, Wire& wire) {
  const auto request = decode_request(frame.payload);
  if (frame.type != FrameType::request || !request || !frame.descriptor) end_without_gateway();
  const Mapping message(std::move(frame.descriptor));
  if (!message.made()) {
    TellGateway(wire).error("the message cannot be mapped");
    send(wire, FrameType::done, "last");
    return false;
  }
  const bool goes_on = examine_one(examine, *request, message.octets(), wire);
  send(wire, FrameType::done, goes_on ? "" : "last");
  return goes_on;
}

}  // namespace

int run_worker(int socket, const WorkerOptions& options, const Examine& examine) {
  if (options.prepare) options.prepare();
  const auto walls = enter_sandbox(options.limits, socket);
  if (!walls) {
    std::fprintf(stderr, "no walls, no work: %s\n", walls.error().c_str());
    return exit_without_walls;
  }
  Wire wire(Descriptor(socket), to_worker_octets_max, true);
  send(wire, FrameType::hello, describe(*walls));
  for (;;) {
    auto frame = wire.receive();
    if (!frame) return frame.error() == WireFault::closed ? 0 : exit_without_gateway;
    if (!serve(std::move(*frame), examine, wire)) return 0;
  }
}

}  // namespace guichet::filters
