#include "handover/transfer.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <mutex>

namespace guichet::handover {
namespace {

constexpr long connect_timeout_s = 10;
constexpr long silent_time_s = 60;  // less than an octet a second for so long: nobody is there any more

// Not thread-safe by itself, and to be called once.
void begin_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

Transfer::Transfer(store::ServedMessage& octets, const std::stop_token& stop) : octets_(octets), stop_(stop) {
  begin_curl();
  handle_.reset(curl_easy_init());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_PROXY, "");  // whatever the environment says
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_CONNECTTIMEOUT, connect_timeout_s);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, silent_time_s);
  set(CURLOPT_READFUNCTION, &Transfer::read);
  set(CURLOPT_READDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::drop);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::go_on);
  set(CURLOPT_XFERINFODATA, this);
  set(CURLOPT_VERBOSE, 1L);  // for listen(), which alone hears it
  set(CURLOPT_DEBUGFUNCTION, &Transfer::listen);
  set(CURLOPT_DEBUGDATA, this);
}

void Transfer::add(CURLoption option, const std::string& line) {
  list_option_ = option;
  list_.reset(curl_slist_append(list_.release(), line.c_str()));
}

bool Transfer::run() {
  if (list_) set(list_option_, list_.get());
  code_ = curl_easy_perform(handle_.get());
  return code_ == CURLE_OK;
}

std::string Transfer::error() const {
  return *error_ ? error_ : curl_easy_strerror(code_);
}

long Transfer::status() const {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

long Transfer::reply() const {
  long code = 0;
  const auto end = last_heard_.data() + std::min<std::size_t>(last_heard_.size(), 3);
  return std::from_chars(last_heard_.data(), end, code).ptr == end ? code : 0;
}

std::size_t Transfer::read(char* into, std::size_t size, std::size_t count, void* self) {
  auto& me = *static_cast<Transfer*>(self);
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

int Transfer::listen(CURL*, curl_infotype kind, char* octets, std::size_t size, void* self) {
  auto& me = *static_cast<Transfer*>(self);
  std::string line(octets, size);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n'))
    line.pop_back();
  // After a refusal libcurl takes its leave: what is said then is not the answer.
  me.leaving_ = me.leaving_ || (kind == CURLINFO_HEADER_OUT && line == "QUIT");
  if (me.leaving_) return 0;
  if (kind == CURLINFO_HEADER_OUT) me.last_sent_ = line;
  if (kind == CURLINFO_HEADER_IN && !line.empty()) me.last_heard_ = line;
  return 0;
}

int Transfer::go_on(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(self)->stopped() ? 1 : 0;
}

}  // namespace guichet::handover
