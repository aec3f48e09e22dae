#include "net/certificates.h"

#include <sys/stat.h>

#include <utility>

namespace guichet::net {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

tl::expected<std::shared_ptr<Certificates>, std::string> Certificates::open(
    std::vector<CertificateFiles> files) {
  std::vector<Pair> pairs;
  for (const auto& each : files) {
    auto pair = read(each);
    if (!pair) return tl::unexpected(pair.error());
    pairs.push_back(std::move(*pair));
  }
  return std::shared_ptr<Certificates>(new Certificates(std::move(pairs)));
}

Certificates::Certificates(std::vector<Pair> pairs) : pairs_(std::move(pairs)) {
  serve();
}

std::shared_ptr<const TlsContext> Certificates::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

// A file that is not there has a stamp of its own: size -1.
Certificates::Stamp Certificates::stamp_of(const std::filesystem::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_size, nanoseconds(found.st_mtim), nanoseconds(found.st_ctim)};
}

// The stamps first: what is exchanged while it is read is read once more the next time.
tl::expected<Certificates::Pair, std::string> Certificates::read(const CertificateFiles& files) {
  Pair pair{{files, nullptr}, {stamp_of(files.certificate), stamp_of(files.key)}};
  auto identity = TlsIdentity::load(files);
  if (!identity) return tl::unexpected(identity.error());
  pair.served.identity = std::move(*identity);
  return pair;
}

bool Certificates::changed(const Pair& pair) {
  const auto& files = pair.served.files;
  return stamp_of(files.certificate) != pair.stamps[0] || stamp_of(files.key) != pair.stamps[1];
}

std::vector<Certificates::Served> Certificates::served() const {
  const std::lock_guard lock(refreshing_);
  std::vector<Served> all;
  for (const auto& pair : pairs_)
    all.push_back(pair.served);
  return all;
}

Certificates::Served Certificates::for_name(std::string_view name) const {
  const std::lock_guard lock(refreshing_);
  for (const auto& pair : pairs_)
    if (bears(pair.served.identity->facts(), name)) return pair.served;
  return pairs_.front().served;
}

Certificates::Refreshed Certificates::refresh(bool all) {
  const std::lock_guard lock(refreshing_);
  Refreshed refreshed;
  bool any = false;
  for (auto& pair : pairs_) {
    if (!all && !changed(pair)) continue;
    auto again = read(pair.served.files);
    if (!again) {
      refreshed.troubles.push_back(again.error() + "; the certificate from before is still served");
      continue;
    }
    if (again->served.identity->facts().digest != pair.served.identity->facts().digest)
      refreshed.renewed.push_back(again->served);
    pair = std::move(*again);
    any = true;
  }
  if (any) serve();
  return refreshed;
}

void Certificates::serve() {
  TlsContext::Identities identities;
  for (const auto& pair : pairs_)
    identities.push_back(pair.served.identity);
  auto context = std::make_shared<const TlsContext>(std::move(identities));
  const std::lock_guard lock(mutex_);
  current_.swap(context);
}

}  // namespace guichet::net
