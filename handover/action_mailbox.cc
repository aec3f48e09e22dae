#include "handover/action_mailbox.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "handover/curl.h"

namespace guichet::handover {
namespace {

// One POST of a served message, by libcurl.
class Post {
 public:
  Post(store::ServedMessage& octets, const std::stop_token& stop)
      : octets_(octets), curl_(stop, [this](curl_infotype from, std::string_view) {
          begun_ = begun_ || from == CURLINFO_HEADER_OUT;
        }) {
    curl_.set(CURLOPT_READFUNCTION, &Post::read);
    curl_.set(CURLOPT_READDATA, this);
    curl_.set(CURLOPT_WRITEFUNCTION, &Post::drop);
  }

  [[nodiscard]] Curl& curl() { return curl_; }
  [[nodiscard]] long status() const {
    long status = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
  [[nodiscard]] bool begun() const { return begun_; }  // the other side was reached
  // Set: the message itself could not be read on.
  [[nodiscard]] const std::optional<store::Error>& unreadable() const { return unreadable_; }

 private:
  static std::size_t read(char* into, std::size_t size, std::size_t count, void* self) {
    auto& me = *static_cast<Post*>(self);
    if (me.ready_.empty()) {
      auto piece = me.octets_.next();
      if (!piece) me.unreadable_ = piece.error();
      if (!piece) return CURL_READFUNC_ABORT;
      me.ready_ = std::move(*piece);
    }
    const auto octets = std::min(size * count, me.ready_.size());
    std::memcpy(into, me.ready_.data(), octets);
    me.ready_.erase(0, octets);
    return octets;
  }
  static std::size_t drop(char*, std::size_t size, std::size_t count, void*) { return size * count; }

  store::ServedMessage& octets_;
  std::string ready_;
  std::optional<store::Error> unreadable_;
  bool begun_ = false;
  Curl curl_;
};

}  // namespace

Outcome::Kind meaning_of_status(long status) {
  switch (status) {
    case 204:
      return Outcome::Kind::taken;
    case 408:  // Request Timeout
    case 413:  // Content Too Large: nginx's client_max_body_size
    case 422:
    case 500:
      return Outcome::Kind::refused_for_now;
    default:
      return Outcome::Kind::unreachable;
  }
}

Outcome ActionMailboxDriver::hand_over(const Item& item, store::ServedMessage& octets,
                                       const std::stop_token& stop) {
  Post post(octets, stop);
  auto& curl = post.curl();
  curl.set(CURLOPT_URL, options_.url);
  curl.set(CURLOPT_PROTOCOLS_STR, "http,https");
  curl.set(CURLOPT_TIMEOUT, static_cast<long>(options_.time_limit.count()));
  if (!options_.ca_file.empty()) curl.set(CURLOPT_CAINFO, options_.ca_file.string());
  curl.set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
  curl.set(CURLOPT_USERNAME, "actionmailbox");
  curl.set(CURLOPT_PASSWORD, options_.password);
  curl.set(CURLOPT_POST, 1L);
  curl.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(item.size_octets));
  curl.add(CURLOPT_HTTPHEADER, "Content-Type: message/rfc822");
  curl.add(CURLOPT_HTTPHEADER, "Expect:");  // an answer before the body would save nothing here
  curl.add(CURLOPT_HTTPHEADER, "User-Agent: Guichet");
  const bool answered = curl.run();
  if (post.unreadable()) return not_readable(*post.unreadable());
  if (curl.stopped()) return {Outcome::Kind::stopped, ""};
  if (answered) return {meaning_of_status(post.status()), "HTTP status " + std::to_string(post.status())};
  // Reached, but too slow or cut off: with this message it may be.
  const bool reached = curl.code() == CURLE_OPERATION_TIMEDOUT && post.begun();
  return {reached ? Outcome::Kind::refused_for_now : Outcome::Kind::unreachable, curl.error()};
}

}  // namespace guichet::handover
