// A handle of libcurl with what both drivers that speak over the network want of it: time limits, an end when
// a stop is requested, no proxy, and an ear for what is said.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace guichet::handover {

class Curl {
 public:
  // Lines of a header or of a command, without their ends, from us or from the other side.
  using Ear = std::function<void(curl_infotype from, std::string_view line)>;

  explicit Curl(const std::stop_token& stop, Ear ear = nullptr);
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_.get(), option, value);
  }
  void set(CURLoption option, const std::string& value) { set(option, value.c_str()); }
  // A line of the header: the list lives as long as the handle.
  void add(CURLoption option, const std::string& line);

  // Blocks. False: it came to no good end; error() says why.
  [[nodiscard]] bool run();
  [[nodiscard]] std::string error() const;
  [[nodiscard]] CURLcode code() const { return code_; }
  [[nodiscard]] bool stopped() const { return stop_.stop_requested(); }
  [[nodiscard]] CURL* get() const { return handle_.get(); }

 private:
  static int listen(CURL*, curl_infotype kind, char* octets, std::size_t size, void* self);
  static int go_on(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  const std::stop_token stop_;
  const Ear ear_;
  std::unique_ptr<curl_slist, Free> list_;
  CURLoption list_option_{};
  char error_[CURL_ERROR_SIZE] = "";
  CURLcode code_ = CURLE_OK;
  std::unique_ptr<CURL, Free> handle_;  // last: it refers to all the others
};

}  // namespace guichet::handover
