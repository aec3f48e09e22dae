#include "handover/maildir.h"

#include <algorithm>
#include <array>
#include <optional>

#include "store/durable_folder.h"

namespace guichet::handover {
namespace {

using store::Result;

// A name has the uid between the first two dots.
std::optional<store::Uuid> uid_in(const std::string& name) {
  const auto begin = name.find('.');
  const auto end = begin == std::string::npos ? begin : name.find('.', begin + 1);
  if (end == std::string::npos) return std::nullopt;
  return store::Uuid::from_text(std::string_view(name).substr(begin + 1, end - begin - 1));
}

std::string safe_host(std::string host) {
  for (char& c : host)
    if (c == '/' || c == ':' || c == ',') c = '_';
  return host;
}

}  // namespace

MaildirDriver::MaildirDriver(store::Disk& disk, std::filesystem::path folder, const std::string& host)
    : disk_(disk), folder_(std::move(folder)), host_(safe_host(host)) {}

std::string MaildirDriver::name_of(const Item& item) const {
  return std::to_string(item.delivered.unix_us / 1'000'000) + "." + item.uid.uuid.text() + "." + host_ +
         ",S=" + std::to_string(item.size_octets);
}

Result<void> MaildirDriver::prepare() {
  if (prepared_) return {};
  for (const auto* part : {"tmp", "new", "cur"})
    if (auto made = store::make_folder_durably(disk_, folder_ / part); !made) return made;
  auto ready = remember(folder_ / "new").and_then([&] { return remember(folder_ / "cur"); }).and_then([&] {
    return sweep();
  });
  prepared_ = ready.has_value();
  return ready;
}

Result<void> MaildirDriver::remember(const std::filesystem::path& folder) {
  const auto names = disk_.list(folder);
  if (!names) return tl::unexpected(names.error());
  for (const auto& name : *names)
    if (const auto uid = uid_in(name)) present_.insert(*uid);
  return {};
}

// What a crash left of our own; others may be writing theirs just now.
Result<void> MaildirDriver::sweep() {
  const auto names = disk_.list(folder_ / "tmp");
  if (!names) return tl::unexpected(names.error());
  for (const auto& name : *names)
    if (uid_in(name) && name.find("." + host_ + ",S=") != std::string::npos)
      if (auto removed = disk_.remove(folder_ / "tmp" / name); !removed) return removed;
  return {};
}

Result<void> MaildirDriver::write(const std::filesystem::path& file, store::ServedMessage& octets) {
  auto created = disk_.create(file);
  if (!created) return tl::unexpected(created.error());
  std::uint64_t at = 0;
  for (;;) {
    auto piece = octets.next();
    if (!piece) return tl::unexpected(piece.error());
    if (piece->empty()) break;
    const std::array<iovec, 1> pieces{{{piece->data(), piece->size()}}};
    if (auto written = (*created)->write_at(pieces, at); !written) return written;
    at += piece->size();
  }
  return (*created)->sync();
}

Outcome MaildirDriver::hand_over(const Item& item, store::ServedMessage& octets, const std::stop_token&) {
  if (auto ready = prepare(); !ready) return {Outcome::Kind::unreachable, ready.error().text};
  if (present_.contains(item.uid.uuid)) return {};
  const auto name = name_of(item);
  const auto part = folder_ / "tmp" / name;
  const auto done =
      write(part, octets).and_then([&] { return disk_.rename(part, folder_ / "new" / name); }).and_then([&] {
        return disk_.sync_folder(folder_ / "new");
      });
  if (done) {
    present_.insert(item.uid.uuid);  // its record may fail to be written
    return {};
  }
  // It may be in new/ all the same, or a part of it in tmp/: the next attempt begins with a look.
  prepared_ = false;
  return {Outcome::Kind::unreachable, done.error().text};
}

}  // namespace guichet::handover
