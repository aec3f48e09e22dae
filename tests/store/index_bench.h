// What tests of the index share: a place for it, news with numbers for names, short questions.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/hash.h"
#include "store/index.h"

namespace guichet::store {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / "guichet-index-XXXXXX") {
    std::string name = path_.string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Ids in the order of their numbers, as those of version 7 are in the order of time.
inline Uuid id(unsigned number) {
  Uuid uuid;
  for (std::size_t i = 0; i < 4; ++i)
    uuid.octets[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  uuid.octets[6] = 0x70;
  return uuid;
}
inline MessageId message(unsigned number) {
  return {id(number)};
}
inline Uid uid(unsigned number) {
  return {id(0x80000000u + number)};
}
inline Instant at(std::int64_t second) {
  return {second * 1'000'000};
}

inline NewBody body(const std::string& octets, unsigned number, std::uint64_t offset = 100) {
  return {sha256(octets),
          {.volume = 1,
           .offset = offset,
           .size_octets = octets.size(),
           .message = message(number),
           .date = at(number)}};
}

inline NewFact received(unsigned number, const std::string& octets,
                        std::vector<Recipient> recipients = {{"a@x", "foi"}}) {
  return {{1, number * 1000ull},
          Received{message(number), at(number), sha256(octets), octets.size(), std::move(recipients), "{}"}};
}

inline NewFact delivered(unsigned delivery, unsigned number, Recipient recipient = {"a@x", "foi"}) {
  ServedForm form;
  form.size_octets = 10'000ull + delivery;
  return {{1, 1'000'000ull + delivery},
          Delivered{uid(delivery), message(number), at(delivery), std::move(recipient), form}};
}

inline NewFact handed_over(unsigned delivery, unsigned number, std::int64_t second = 77) {
  return {{1, 2'000'000ull + delivery}, HandedOver{uid(delivery), message(number), at(second), "pop3"}};
}

inline const IndexPosition somewhere = {{1, 5'000'000}, sha256("chain")};

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  ADD_FAILURE() << result.error().text;
  std::abort();
}
inline void must(const Result<void>& result) {
  ASSERT_TRUE(result) << result.error().text;
}

class IndexTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    index.reset();
    index = must(Index::open(file));
  }
  std::unique_ptr<IndexReader> another_reader() const { return must(IndexReader::open(file)); }
  IndexReader& reader() { return index->reader(); }
  void apply(std::vector<News> news) { must(index->apply(news, somewhere)); }
  void apply_one_by_one(const std::vector<News>& news) {
    for (const News& item : news)
      apply({item});
  }

  std::vector<unsigned> numbers(const std::vector<MessageRow>& rows) const {
    std::vector<unsigned> found;
    for (const auto& row : rows)
      for (unsigned n = 0; n < 300; ++n)
        if (row.message == message(n)) found.push_back(n);
    return found;
  }
  std::vector<std::uint64_t> waiting(const std::string& maildrop, std::size_t limit = 0) {
    std::vector<std::uint64_t> offsets;
    for (const auto& row : must(reader().waiting(maildrop, limit)))
      offsets.push_back(row.place.offset - 1'000'000);
    return offsets;
  }
  std::vector<unsigned> undelivered() { return numbers(must(reader().undelivered())); }

  Folder folder;
  fs::path file = folder.path() / "sub" / "index.sqlite";
  std::unique_ptr<Index> index;
};

using Numbers = std::vector<unsigned>;
using Offsets = std::vector<std::uint64_t>;

}  // namespace guichet::store
