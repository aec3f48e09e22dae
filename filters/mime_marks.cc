#include "filters/mime_marks.h"

#include <string.h>

#include <algorithm>
#include <cstdint>

#include "filters/mime_decoder.h"
#include "filters/mime_lines.h"

namespace guichet::filters {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t beginning_octets = 1024;
constexpr std::size_t line_octets = 40;                // enough to know the lines that are looked for
constexpr auto tnef_signature = "\x78\x9F\x3E\x22"sv;  // MS-OXTNEF 2.1.3.1: 0x223E9F78, little-endian

// APPNOTE.TXT 4.3.7: a local file header, and its general purpose flags; bit 0: encrypted.
constexpr auto zip_entry = "PK\x03\x04"sv;
constexpr std::size_t zip_flags_at = 6;

// RFC 5652 3, 5.1, 6.1, RFC 5083 2: which ContentInfo it is, by its object identifier.
constexpr auto signed_data = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"sv;
constexpr auto enveloped_data = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03"sv;
constexpr auto auth_enveloped_data = "\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17"sv;
constexpr std::size_t content_info_octets = 32;  // in which it stands

unsigned octet(std::string_view octets, std::size_t at) {
  return at < octets.size() ? static_cast<unsigned char>(octets[at]) : 0;
}
unsigned little_endian_16(std::string_view octets, std::size_t at) {
  return octet(octets, at) | octet(octets, at + 1) << 8;
}

// RAR 4: blocks of CRC (2), type, flags (2), size (2). The marker is itself a block of 7.
bool is_encrypted_rar4(std::string_view archive) {
  constexpr unsigned main_header = 0x73, file_header = 0x74;
  const std::size_t at = 7;
  if (octet(archive, at + 2) != main_header) return false;
  if (little_endian_16(archive, at + 3) & 0x0080) return true;  // the headers themselves
  const auto next = at + little_endian_16(archive, at + 5);
  return octet(archive, next + 2) == file_header && (little_endian_16(archive, next + 3) & 0x0004) != 0;
}

// RAR 5: numbers of seven bits an octet, the lowest first.
std::uint64_t read_number(std::string_view octets, std::size_t& at) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 63; shift += 7) {
    const auto next = octet(octets, at++);
    number |= static_cast<std::uint64_t>(next & 0x7F) << shift;
    if ((next & 0x80) == 0) break;
  }
  return number;
}

// A file's extra area: records of size, type; type 1: encryption.
bool has_encryption_record(std::string_view extra) {
  for (std::size_t at = 0; at < extra.size();) {
    const auto size = read_number(extra, at);
    auto type_at = at;
    if (read_number(extra, type_at) == 1) return true;
    if (size == 0 || size > extra.size()) return false;
    at += size;
  }
  return false;
}

// RAR 5: headers of CRC (4), size, type, flags, size of the extra area if flags has bit 0, size of the data
// if it has bit 1; the extra area is the end of the header.
bool is_encrypted_rar5(std::string_view archive) {
  constexpr std::uint64_t file_header = 2, encryption_header = 4;
  for (std::size_t at = 8; at < archive.size();) {
    at += 4;
    const auto size = read_number(archive, at);
    const auto end = at + std::min<std::uint64_t>(size, archive.size());
    const auto type = read_number(archive, at), flags = read_number(archive, at);
    const auto extra = flags & 1 ? read_number(archive, at) : 0;
    if (type == encryption_header) return true;
    if (type == file_header)
      return end <= archive.size() && at <= end && extra <= end - at &&
             has_encryption_record(archive.substr(end - extra, extra));
    if (size == 0 || (flags & 2) != 0) return false;
    at = end;
  }
  return false;
}

bool is_smime_type(std::string_view type, std::string_view subtype) {
  for (const auto prefix : {"application/"sv, "application/x-"sv})
    if (type.starts_with(prefix) && type.substr(prefix.size()) == subtype) return true;
  return false;
}

bool holds(std::string_view beginning, std::string_view identifier) {
  return beginning.substr(0, content_info_octets).find(identifier) != std::string_view::npos;
}

bool is_smime_encrypted(const Entity& entity, std::string_view beginning) {
  if (!is_smime_type(entity.type, "pkcs7-mime")) return false;
  return entity.smime_type == "enveloped-data" || entity.smime_type == "authenveloped-data" ||
         holds(beginning, enveloped_data) || holds(beginning, auth_enveloped_data);
}

bool is_smime_signed(const Entity& entity, std::string_view beginning) {
  if (entity.protection.smime_signed || is_smime_type(entity.type, "pkcs7-signature")) return true;
  return is_smime_type(entity.type, "pkcs7-mime") &&
         (entity.smime_type == "signed-data" || holds(beginning, signed_data));
}

}  // namespace

void ContentMarks::see(std::string_view octets) {
  see_beginning(octets);
  see_lines(octets);
  if ("PK"sv.starts_with(std::string_view(beginning_).substr(0, 2))) see_zip(octets);
  seven_zip_.see(octets);
  compound_file_.see(octets);
}

void ContentMarks::see_beginning(std::string_view octets) {
  beginning_ += octets.substr(0, beginning_octets - beginning_.size());
}

// Lines that begin otherwise than those that are looked for are passed over with memchr.
void ContentMarks::see_lines(std::string_view octets) {
  while (!octets.empty()) {
    if (at_line_) reads_line_ = octets.front() == 'b' || octets.front() == '-';
    if (reads_line_) {
      const auto wanted = octets.substr(0, line_octets - line_.size());
      line_ += wanted.substr(0, wanted.find_first_of("\r\n"));
    }
    const auto feed = octets.find('\n');
    at_line_ = feed != std::string_view::npos;
    if (!at_line_) return;
    if (reads_line_) see_line();
    octets.remove_prefix(std::min(octets.find_first_not_of('\n', feed), octets.size()));
  }
}

void ContentMarks::see_line() {
  uuencoded_ |= begins_uuencode(line_);
  pgp_encrypted_ |= line_.starts_with("-----BEGIN PGP MESSAGE-----");
  pgp_signed_ |= line_.starts_with("-----BEGIN PGP SIGNED MESSAGE-----");
  line_.clear();
  reads_line_ = false;
}

// memmem, unlike find(), is linear whatever the octets are.
void ContentMarks::see_zip(std::string_view octets) {
  constexpr std::size_t needed = zip_flags_at + 1;
  const auto look = [&](std::string_view at) {
    while (const void* found = ::memmem(at.data(), at.size(), zip_entry.data(), zip_entry.size())) {
      at.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(found) - at.data()));
      if (at.size() < needed) return;
      zip_encrypted_ |= (octet(at, zip_flags_at) & 1) != 0;
      at.remove_prefix(needed);
    }
  };
  look(zip_tail_ + std::string(octets.substr(0, needed - 1)));
  look(octets);
  zip_tail_ += octets.substr(octets.size() - std::min(octets.size(), needed - 1));
  zip_tail_.erase(0, zip_tail_.size() - std::min(zip_tail_.size(), needed - 1));
}

std::vector<std::string> ContentMarks::flags(const Entity& entity) const {
  const std::string_view beginning = beginning_;
  const bool text = entity.type.starts_with("text/");
  const bool tnef_type = entity.type == "application/ms-tnef" || entity.type == "application/vnd.ms-tnef";
  auto last = *this;  // a line without an end
  last.see_line();
  std::vector<std::string> flags;
  const auto flag = [&](bool holds_true, const char* name) {
    if (holds_true) flags.emplace_back(name);
  };
  flag(tnef_type || beginning.starts_with(tnef_signature), "tnef");
  flag(is_smime_signed(entity, beginning), "smime-signed");
  flag(is_smime_encrypted(entity, beginning), "smime-encrypted");
  flag(entity.protection.pgp_signed || entity.type == "application/pgp-signature" ||
           (text && last.pgp_signed_),
       "pgp-signed");
  flag(entity.protection.pgp_encrypted || entity.type == "application/pgp-encrypted" || last.pgp_encrypted_,
       "pgp-encrypted");
  flag(zip_encrypted_ || is_encrypted_rar(beginning) || seven_zip_.encrypted() || compound_file_.encrypted(),
       "encrypted-archive");
  flag(text && last.uuencoded_, "uuencoded");
  return flags;
}

bool is_encrypted_rar(std::string_view beginning) {
  if (beginning.starts_with("Rar!\x1A\x07\x01\x00"sv)) return is_encrypted_rar5(beginning);
  return beginning.starts_with("Rar!\x1A\x07\x00"sv) && is_encrypted_rar4(beginning);
}

}  // namespace guichet::filters
