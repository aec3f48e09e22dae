// A handle of libcurl for one transfer, with a connection of its own. One thread at a time.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

namespace guichet::filters {

class CurlHandle {
 public:
  // No proxy whatever the environment says, no signals, no protocol but HTTP.
  CurlHandle();
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_.get(), option, value);
  }
  void set(CURLoption option, const std::string& value) { set(option, value.c_str()); }
  void add_header(const std::string& line);

  // Blocks.
  [[nodiscard]] CURLcode run();
  [[nodiscard]] std::string error(CURLcode code) const;  // in words
  [[nodiscard]] CURL* get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  std::unique_ptr<curl_slist, Free> headers_;
  char error_[CURL_ERROR_SIZE] = "";
  std::unique_ptr<CURL, Free> handle_;  // last: it refers to all the others
};

}  // namespace guichet::filters
