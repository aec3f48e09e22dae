#include "store/warc.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "store/hash.h"

namespace guichet::store {
namespace {

constexpr std::string_view version_line = "WARC/1.1\r\n";
constexpr std::string_view revisit_profile =
    "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";

struct TypeName {
  RecordType type;
  std::string_view name;
};
constexpr std::array<TypeName, 4> type_names{{{RecordType::warcinfo, "warcinfo"},
                                              {RecordType::resource, "resource"},
                                              {RecordType::revisit, "revisit"},
                                              {RecordType::metadata, "metadata"}}};

void add(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void add(std::string& out, std::string_view name, const Uuid& record) {
  out.append(name).append(": <urn:uuid:");
  record.append_text(out);
  out.append(">\r\n");
}

void add(std::string& out, std::string_view name, const MessageId& message) {
  out.append(name).append(": urn:uuid:");
  message.uuid.append_text(out);
  out.append("\r\n");
}

void add(std::string& out, std::string_view name, const Digest& digest) {
  out.append(name).append(": sha256:");
  digest.append_hex(out);
  out.append("\r\n");
}

void add(std::string& out, std::string_view name, Instant instant) {
  out.append(name).append(": ");
  instant.append_rfc3339(out);
  out.append("\r\n");
}

void add_batch(std::string& out, const RecordHeader& header) {
  out.append("Guichet-Batch: ").append(std::to_string(header.batch)).append("/");
  out.append(std::to_string(header.batch_index)).append("/");
  out.append(std::to_string(header.batch_count)).append("\r\n");
}

void add_chain(std::string& out, const Digest& chain) {
  out.append("Guichet-Chain: ");
  chain.append_hex(out);
  out.append("\r\n");
}

void add_references(std::string& out, const RecordHeader& header) {
  if (header.target) add(out, "WARC-Target-URI", *header.target);
  if (header.type == RecordType::revisit) add(out, "WARC-Profile", revisit_profile);
  if (header.payload_digest) add(out, "WARC-Payload-Digest", *header.payload_digest);
  if (header.refers_to) add(out, "WARC-Refers-To", *header.refers_to);
  if (header.refers_to_target) add(out, "WARC-Refers-To-Target-URI", *header.refers_to_target);
  if (header.refers_to_date) add(out, "WARC-Refers-To-Date", *header.refers_to_date);
}

// --- Reading -------------------------------------------------------------------------------------------

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

std::optional<std::string_view> without_prefix(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return text.substr(prefix.size());
}

std::optional<Uuid> read_record_uri(std::string_view value) {
  if (value.empty() || value.back() != '>') return std::nullopt;
  const auto rest = without_prefix(value.substr(0, value.size() - 1), "<urn:uuid:");
  return rest ? Uuid::from_text(*rest) : std::nullopt;
}

std::optional<MessageId> read_message_uri(std::string_view value) {
  const auto rest = without_prefix(value, "urn:uuid:");
  const auto uuid = rest ? Uuid::from_text(*rest) : std::nullopt;
  return uuid ? std::optional(MessageId{*uuid}) : std::nullopt;
}

std::optional<Digest> read_digest(std::string_view value) {
  const auto rest = without_prefix(value, "sha256:");
  return rest ? Digest::from_hex(*rest) : std::nullopt;
}

std::optional<std::uint64_t> read_number(std::string_view value) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

std::optional<RecordType> read_type(std::string_view value) {
  for (const auto& [type, name] : type_names)
    if (value == name) return type;
  return std::nullopt;
}

// What has been read so far; which of the compulsory fields were there.
struct Reading {
  RecordHeader header;
  bool type = false, id = false, date = false, length = false, digest = false, batch = false, offset = false,
       chain = false, warcinfo = false;

  [[nodiscard]] bool complete() const {
    return type && id && date && length && digest && batch && offset && chain &&
           (warcinfo || header.type == RecordType::warcinfo);
  }
};

template <class T, class U>
bool set(T& into, const std::optional<U>& value) {
  if (value) into = *value;
  return value.has_value();
}

bool read_batch(RecordHeader& header, std::string_view value) {
  const auto first = value.find('/');
  const auto second = value.find('/', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return false;
  return set(header.batch, read_number(value.substr(0, first))) &&
         set(header.batch_index, read_number(value.substr(first + 1, second - first - 1))) &&
         set(header.batch_count, read_number(value.substr(second + 1))) &&
         header.batch_index < header.batch_count;
}

struct FieldReader {
  std::string_view name;
  bool (*read)(Reading&, std::string_view value);  // false: the value cannot be what we wrote
};

constexpr std::array<FieldReader, 15> field_readers{{
    {"WARC-Type", [](Reading& r, std::string_view v) { return r.type = set(r.header.type, read_type(v)); }},
    {"WARC-Record-ID",
     [](Reading& r, std::string_view v) { return r.id = set(r.header.record_id, read_record_uri(v)); }},
    {"WARC-Date",
     [](Reading& r, std::string_view v) { return r.date = set(r.header.date, Instant::from_rfc3339(v)); }},
    {"Content-Length",
     [](Reading& r, std::string_view v) { return r.length = set(r.header.content_length, read_number(v)); }},
    {"Content-Type", [](Reading& r, std::string_view v) { return r.header.content_type = v, true; }},
    {"WARC-Block-Digest",
     [](Reading& r, std::string_view v) { return r.digest = set(r.header.block_digest, read_digest(v)); }},
    {"WARC-Warcinfo-ID",
     [](Reading& r, std::string_view v) {
       return r.warcinfo = set(r.header.warcinfo_id, read_record_uri(v));
     }},
    {"WARC-Target-URI",
     [](Reading& r, std::string_view v) { return set(r.header.target, read_message_uri(v)); }},
    {"WARC-Payload-Digest",
     [](Reading& r, std::string_view v) { return set(r.header.payload_digest, read_digest(v)); }},
    {"WARC-Refers-To",
     [](Reading& r, std::string_view v) { return set(r.header.refers_to, read_record_uri(v)); }},
    {"WARC-Refers-To-Target-URI",
     [](Reading& r, std::string_view v) { return set(r.header.refers_to_target, read_message_uri(v)); }},
    {"WARC-Refers-To-Date",
     [](Reading& r, std::string_view v) { return set(r.header.refers_to_date, Instant::from_rfc3339(v)); }},
    {"Guichet-Batch", [](Reading& r, std::string_view v) { return r.batch = read_batch(r.header, v); }},
    {"Guichet-Offset",
     [](Reading& r, std::string_view v) { return r.offset = set(r.header.offset, read_number(v)); }},
    {"Guichet-Chain",
     [](Reading& r, std::string_view v) { return r.chain = set(r.header.chain, Digest::from_hex(v)); }},
}};

Result<void> read_field(Reading& reading, std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return fail(ErrorKind::damaged, "a header line without a colon");
  const auto name = line.substr(0, colon);
  auto value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
    value.remove_prefix(1);
  for (const auto& field : field_readers)
    if (same_name(field.name, name) && !field.read(reading, value))
      return fail(ErrorKind::damaged, "cannot read the value of " + std::string(field.name));
  return {};
}

}  // namespace

std::string_view name_of(RecordType type) {
  return std::find_if(type_names.begin(), type_names.end(),
                      [type](const TypeName& t) { return t.type == type; })
      ->name;
}

Digest chain_value(const Digest& previous, std::string_view before, std::string_view after) {
  thread_local Sha256 hash;
  hash.update({reinterpret_cast<const char*>(previous.octets.data()), previous.octets.size()});
  hash.update(before);
  hash.update(after);
  return hash.finish();
}

std::string encode_header(RecordHeader& header, const Digest& previous) {
  std::string out;
  out.reserve(900);
  out.append(version_line);
  add(out, "WARC-Type", name_of(header.type));
  add(out, "WARC-Record-ID", header.record_id);
  add(out, "WARC-Date", header.date);
  if (header.type != RecordType::warcinfo) add(out, "WARC-Warcinfo-ID", header.warcinfo_id);
  add_references(out, header);
  if (!header.content_type.empty()) add(out, "Content-Type", header.content_type);
  add(out, "WARC-Block-Digest", header.block_digest);
  add(out, "Content-Length", std::to_string(header.content_length));
  add_batch(out, header);
  add(out, "Guichet-Offset", std::to_string(header.offset));
  header.chain = chain_value(previous, out, "\r\n");
  add_chain(out, header.chain);
  out.append("\r\n");
  return out;
}

Result<DecodedHeader> decode_header(std::string_view octets, const Digest& previous) {
  if (!octets.starts_with(version_line)) return fail(ErrorKind::damaged, "no WARC/1.1 record begins here");
  const auto blank = octets.substr(0, header_octets_max).find("\r\n\r\n");
  if (blank == std::string_view::npos) return fail(ErrorKind::damaged, "the record header has no end");
  Reading reading;
  std::size_t chain_begin = 0, chain_end = 0;
  for (std::size_t at = version_line.size(); at < blank + 2;) {
    const auto end = octets.find("\r\n", at);
    const auto chain_was_read = reading.chain;
    if (auto read = read_field(reading, octets.substr(at, end - at)); !read)
      return tl::unexpected(read.error());
    if (reading.chain && !chain_was_read) chain_begin = at, chain_end = end + 2;
    at = end + 2;
  }
  if (!reading.complete()) return fail(ErrorKind::damaged, "the record header lacks a field");
  // The one line that the chain value does not cover must be exactly what was written.
  std::string chain_line;
  add_chain(chain_line, reading.header.chain);
  if (octets.substr(chain_begin, chain_end - chain_begin) != chain_line)
    return fail(ErrorKind::damaged, "the record header's chain line was altered");
  if (reading.header.type == RecordType::warcinfo) reading.header.warcinfo_id = reading.header.record_id;
  const auto size = blank + 4;
  return DecodedHeader{.header = reading.header,
                       .octets = size,
                       .chain_expected = chain_value(previous, octets.substr(0, chain_begin),
                                                     octets.substr(chain_end, size - chain_end))};
}

}  // namespace guichet::store
