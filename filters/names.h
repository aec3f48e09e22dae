// DNS as a filter sees it: a question, and a wait for its answer. Whoever implements this counts, keeps the
// time, and may answer `failed` to everything from some point on; a filter never knows where answers come
// from. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace guichet::filters {

// RFC 1035 3.2.2, RFC 3596 2.1
enum class NameType : std::uint16_t { a = 1, ptr = 12, mx = 15, txt = 16, aaaa = 28 };

struct NameQuestion {
  std::string name;  // without a dot at its end; octets of strangers
  NameType type = NameType::txt;
  friend bool operator==(const NameQuestion&, const NameQuestion&) = default;
};

struct NameAnswer {
  enum class Outcome {
    found,    // at least one record
    nothing,  // no such name, or no such record: a void look-up in the words of RFC 7208 4.6.4
    failed    // SERVFAIL, no answer in time, too much asked: another time it may be known
  };
  Outcome outcome = Outcome::failed;
  // "192.0.2.1", "2001:db8::1", "mail.example" (PTR), "10 mail.example" (MX), the strings of a TXT in one
  // piece. Octets of strangers.
  std::vector<std::string> records;
  friend bool operator==(const NameAnswer&, const NameAnswer&) = default;
};

class Names {
 public:
  virtual ~Names() = default;
  [[nodiscard]] virtual NameAnswer ask(const NameQuestion& question) = 0;
  // These will be asked soon: whoever can, asks for all of them at the same time. A hint, and nothing more.
  virtual void expect(const std::vector<NameQuestion>&) {}
};

// Nobody to ask.
class NoNames : public Names {
 public:
  [[nodiscard]] NameAnswer ask(const NameQuestion&) override { return {}; }
};

}  // namespace guichet::filters
