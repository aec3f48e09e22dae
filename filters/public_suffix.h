// Organizational domains (RFC 7489 3.2) by the public suffix list, with libpsl.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct psl_ctx_st;

namespace guichet::filters {

// Made once, before the sandbox: it reads a file. Afterwards it does not change, and any thread may ask it.
class PublicSuffix {
 public:
  PublicSuffix();  // the list of the system, or that in the library if it is younger

  // The domain directly below a public suffix: "interieur.gouv.fr" of "mail.interieur.gouv.fr". "" where
  // there is none: of a public suffix itself, or of what is not the name of a domain.
  [[nodiscard]] std::string organizational_domain(std::string_view domain) const;

  // RFC 7489 3.1: in strict alignment the same domain, in relaxed one of the same organization.
  enum class Alignment { relaxed, strict };
  [[nodiscard]] bool aligned(std::string_view a, std::string_view b, Alignment alignment) const;

 private:
  struct Free {
    void operator()(psl_ctx_st* list) const;
  };
  std::unique_ptr<psl_ctx_st, Free> list_;
};

}  // namespace guichet::filters
