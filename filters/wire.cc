#include "filters/wire.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>

namespace guichet::filters {
namespace {

constexpr std::size_t head_octets = 5;

std::array<char, head_octets> head_of(FrameType type, std::size_t length) {
  const auto octet = [&](unsigned shift) { return static_cast<char>((length >> shift) & 0xFF); };
  return {octet(24), octet(16), octet(8), octet(0), static_cast<char>(type)};
}

std::size_t length_in(std::string_view head) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < head_octets - 1; ++i)
    length = length << 8 | static_cast<std::uint8_t>(head[i]);
  return length;
}

// What poll() takes; rounded up, so that a wait never ends before its time only to begin again.
int timeout_ms(Wire::Until until) {
  if (!until) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Wire::Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
}

// Room for the control data of exactly one descriptor.
union Control {
  cmsghdr align;
  std::array<char, CMSG_SPACE(sizeof(int))> octets;
};

void attach(msghdr& message, Control& control, int descriptor) {
  message.msg_control = control.octets.data();
  message.msg_controllen = control.octets.size();
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
}

Descriptor attached(msghdr& message) {
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) return {};
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(head), sizeof descriptor);
  return Descriptor(descriptor);
}

}  // namespace

Wire::Wire(Descriptor socket, std::size_t receive_octets_max, bool takes_descriptors)
    : socket_(std::move(socket)),
      receive_octets_max_(receive_octets_max),
      takes_descriptors_(takes_descriptors) {}

tl::expected<void, WireFault> Wire::send(FrameType type, std::string_view payload, Until until,
                                         int descriptor) {
  auto head = head_of(type, payload.size());
  std::array<iovec, 2> pieces{
      {{head.data(), head.size()}, {const_cast<char*>(payload.data()), payload.size()}}};
  Control control{};
  std::size_t left = head.size() + payload.size();
  while (left > 0) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    // With the first octet, and no other.
    if (descriptor >= 0 && pieces[0].iov_len == head.size()) attach(message, control, descriptor);
    const auto sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return tl::unexpected(WireFault::closed);
    if (sent < 0 && !wait(POLLOUT, until)) return tl::unexpected(WireFault::late);
    auto taken = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    left -= taken;
    for (auto& piece : pieces) {
      const auto here = std::min(taken, piece.iov_len);
      piece = {static_cast<char*>(piece.iov_base) + here, piece.iov_len - here};
      taken -= here;
    }
  }
  return {};
}

tl::expected<Frame, WireFault> Wire::receive(Until until) {
  for (;;) {
    auto frame = next_frame();
    if (!frame) return tl::unexpected(frame.error());
    if (*frame) return std::move(**frame);
    if (!wait(POLLIN, until)) return tl::unexpected(WireFault::late);
    if (const auto read = read_some(); !read) return tl::unexpected(read.error());
  }
}

tl::expected<std::optional<Frame>, WireFault> Wire::next_frame() {
  if (pending_.size() < head_octets) return std::nullopt;
  const auto length = length_in(pending_);
  if (length > receive_octets_max_) return tl::unexpected(WireFault::nonsense);
  if (pending_.size() - head_octets < length) return std::nullopt;
  Frame frame{static_cast<FrameType>(pending_[head_octets - 1]), pending_.substr(head_octets, length),
              std::move(pending_descriptor_)};
  pending_.erase(0, head_octets + length);
  return frame;
}

tl::expected<void, WireFault> Wire::read_some() {
  std::array<char, 16 * 1024> piece;
  iovec into{piece.data(), piece.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  if (takes_descriptors_) {
    message.msg_control = control.octets.data();
    message.msg_controllen = control.octets.size();
  }
  const auto got = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (got <= 0) return tl::unexpected(WireFault::closed);
  if (auto descriptor = attached(message)) pending_descriptor_ = std::move(descriptor);
  pending_.append(piece.data(), static_cast<std::size_t>(got));
  return {};
}

bool Wire::silent() const {
  pollfd polled{socket_.get(), POLLIN, 0};
  return pending_.empty() && ::poll(&polled, 1, 0) == 0;
}

bool Wire::wait(short events, Until until) const {
  for (;;) {
    pollfd polled{socket_.get(), events, 0};
    const int ready = ::poll(&polled, 1, timeout_ms(until));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace guichet::filters
