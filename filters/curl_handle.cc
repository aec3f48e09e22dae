#include "filters/curl_handle.h"

#include <mutex>
#include <new>

namespace guichet::filters {
namespace {

// Others in the process may begin it as well, at the same time: since 7.84 that is allowed.
void begin_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

CurlHandle::CurlHandle() {
  begin_curl();
  handle_.reset(curl_easy_init());
  if (!handle_) throw std::bad_alloc();
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  // A name that DNS does not answer in time is left to its thread: waiting for that would pass the deadline.
  set(CURLOPT_QUICK_EXIT, 1L);
}

void CurlHandle::add_header(const std::string& line) {
  auto* longer = curl_slist_append(headers_.get(), line.c_str());
  if (!longer) throw std::bad_alloc();
  if (!headers_) headers_.reset(longer);
}

CURLcode CurlHandle::run() {
  if (headers_) set(CURLOPT_HTTPHEADER, headers_.get());
  return curl_easy_perform(handle_.get());
}

std::string CurlHandle::error(CURLcode code) const {
  return *error_ ? error_ : curl_easy_strerror(code);
}

}  // namespace guichet::filters
