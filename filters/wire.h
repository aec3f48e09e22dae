// Frames between the gateway and a filter worker, over a stream socket that both have from the start:
//
//   4 octets  length of the payload, big endian
//   1 octet   type
//   payload   JSON, or octets of a part that is being extracted
//
// The worker may have been taken over by a message: what it sends is bounded before it is kept, and memory is
// taken only for octets that have come, never for a length that was announced.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "filters/descriptor.h"

namespace guichet::filters {

inline constexpr std::size_t from_worker_octets_max = 8 << 20;  // of one payload
inline constexpr std::size_t to_worker_octets_max = 1 << 20;

enum class FrameType : char {
  // To the worker.
  request = 'Q',  // what to do (filters/worker_protocol.h); a descriptor of the message comes with it
  answer = 'A',   // to an `ask`
  // From the worker.
  hello = 'H',   // once: which walls stand, in words
  stage = 'S',   // one octet: what it begins now, so that a crash can be told from another
  found = 'F',   // Findings with what was just found in them
  octets = 'O',  // of the part that was asked for
  ask = '?',     // a question for DNS; it waits for the answer
  expect = 'E',  // questions that will follow; no answer
  done = 'D',    // empty: ready for the next message; "last": it would rather end
};

struct Frame {
  FrameType type{};  // any octet, when it comes from a worker
  std::string payload;
  Descriptor descriptor;  // that came with it, if one may
};

enum class WireFault {
  closed,    // the other end is gone
  late,      // not now; what came so far is kept, receive() may be called again
  nonsense,  // no frame, or one that is too long
};

// One end of the socket, which it owns. One thread at a time.
class Wire {
 public:
  using Clock = std::chrono::steady_clock;
  using Until = std::optional<Clock::time_point>;  // nothing: for ever

  // receive_octets_max: of one payload. Descriptors that are sent to an end which does not take any are
  // closed by the kernel.
  Wire(Descriptor socket, std::size_t receive_octets_max, bool takes_descriptors);

  // Whole, or a fault after which nothing may be sent any more. `descriptor` stays the caller's.
  [[nodiscard]] tl::expected<void, WireFault> send(FrameType type, std::string_view payload, Until until = {},
                                                   int descriptor = -1);
  [[nodiscard]] tl::expected<Frame, WireFault> receive(Until until = {});

  // Nothing was said that is not yet received, and the other end is there.
  [[nodiscard]] bool silent() const;
  void close() { socket_.close(); }

 private:
  [[nodiscard]] tl::expected<std::optional<Frame>, WireFault> next_frame();
  [[nodiscard]] tl::expected<void, WireFault> read_some();
  [[nodiscard]] bool wait(short events, Until until) const;

  Descriptor socket_;
  std::size_t receive_octets_max_;
  bool takes_descriptors_;
  std::string pending_;
  Descriptor pending_descriptor_;
};

}  // namespace guichet::filters
