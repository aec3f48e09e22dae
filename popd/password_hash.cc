#include "popd/password_hash.h"

#include <crypt.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <memory>

#include "store/hash.h"

namespace guichet::popd {
namespace {

// scrypt rather than yescrypt, which grew out of it: it has an RFC and other implementations. N = 2^14,
// r = 32, p = 1: as much work and memory as N = 2^16 with the usual r = 8.
constexpr const char* scrypt_prefix = "$7$";
constexpr unsigned long scrypt_cost = 7;

struct Form {
  std::string_view begin;
  std::size_t last_field;  // octets after the last $
};

// crypt(5)
constexpr std::array<Form, 8> forms{{{"$7$", 43},
                                     {"$y$", 43},
                                     {"$gy$", 43},
                                     {"$2a$", 53},
                                     {"$2b$", 53},
                                     {"$2y$", 53},
                                     {"$6$", 86},
                                     {"$5$", 43}}};

bool is_written_by_crypt(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '/';
}

// Cleared: it held the password.
struct Crypt {
  ~Crypt() { OPENSSL_cleanse(data.get(), sizeof(crypt_data)); }
  std::unique_ptr<crypt_data> data = std::make_unique<crypt_data>();  // 32 KB: not for a stack
};

// Empty: it cannot be computed.
std::string crypted(std::string_view password, const std::string& setting) {
  // To crypt() a NUL would be the end of it.
  if (password.find('\0') != std::string_view::npos) return {};
  Crypt crypt;
  std::string copy(password);
  const char* computed = ::crypt_r(copy.c_str(), setting.c_str(), crypt.data.get());
  OPENSSL_cleanse(copy.data(), copy.size());
  return computed && *computed != '*' ? computed : std::string();
}

}  // namespace

bool looks_like_hash(std::string_view text) {
  const auto last = text.rfind('$') + 1;  // 0: there is none
  const auto field = text.substr(last);
  return std::ranges::any_of(forms, [&](const Form& form) {
    return text.starts_with(form.begin) && last > form.begin.size() && field.size() == form.last_field &&
           std::ranges::all_of(field, &is_written_by_crypt);
  });
}

bool is_computable(const std::string& hash) {
  const int known = ::crypt_checksalt(hash.c_str());
  return known != CRYPT_SALT_INVALID && known != CRYPT_SALT_METHOD_DISABLED;
}

bool matches_hash(const std::string& hash, std::string_view password) {
  const auto computed = crypted(password, hash);
  return !computed.empty() && same_text(computed, hash);
}

store::Result<std::string> hash_password(std::string_view password) {
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  // No octets given: the salt comes from the kernel.
  if (!::crypt_gensalt_rn(scrypt_prefix, scrypt_cost, nullptr, 0, setting.data(),
                          static_cast<int>(setting.size())))
    return store::fail(store::ErrorKind::io, "crypt(3) makes no salt for scrypt here");
  auto hash = crypted(password, setting.data());
  if (hash.empty()) return store::fail(store::ErrorKind::io, "crypt(3) cannot compute scrypt here");
  return hash;
}

bool same_text(std::string_view a, std::string_view b) {
  const auto x = store::sha256(a), y = store::sha256(b);
  return CRYPTO_memcmp(x.octets.data(), y.octets.data(), x.octets.size()) == 0;
}

}  // namespace guichet::popd
