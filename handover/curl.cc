#include "handover/curl.h"

#include <mutex>
#include <utility>

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

Curl::Curl(const std::stop_token& stop, Ear ear) : stop_(stop), ear_(std::move(ear)) {
  begin_curl();
  handle_.reset(curl_easy_init());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_PROXY, "");  // whatever the environment says
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_CONNECTTIMEOUT, connect_timeout_s);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, silent_time_s);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Curl::go_on);
  set(CURLOPT_XFERINFODATA, this);
  set(CURLOPT_VERBOSE, 1L);  // for listen(), which alone hears it
  set(CURLOPT_DEBUGFUNCTION, &Curl::listen);
  set(CURLOPT_DEBUGDATA, this);
}

void Curl::add(CURLoption option, const std::string& line) {
  list_option_ = option;
  list_.reset(curl_slist_append(list_.release(), line.c_str()));
}

bool Curl::run() {
  if (list_) set(list_option_, list_.get());
  code_ = curl_easy_perform(handle_.get());
  return code_ == CURLE_OK;
}

std::string Curl::error() const {
  return *error_ ? error_ : curl_easy_strerror(code_);
}

int Curl::listen(CURL*, curl_infotype kind, char* octets, std::size_t size, void* self) {
  const auto& me = *static_cast<Curl*>(self);
  if (!me.ear_ || (kind != CURLINFO_HEADER_IN && kind != CURLINFO_HEADER_OUT)) return 0;
  std::string_view line(octets, size);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n'))
    line.remove_suffix(1);
  if (!line.empty()) me.ear_(kind, line);
  return 0;
}

int Curl::go_on(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Curl*>(self)->stopped() ? 1 : 0;
}

}  // namespace guichet::handover
