#include "filters/mime_walk.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "filters/ascii.h"
#include "filters/message.h"
#include "filters/mime_header.h"
#include "filters/mime_lines.h"

namespace guichet::filters {
namespace {

// A multipart, or a message in a part, that has not ended yet.
struct Container {
  std::size_t entity = 0;
  std::string boundary;  // "": of a message
  std::string number;    // what its children's numbers begin with
  std::size_t children = 0;
  Protection protection;
  bool is_digest = false;  // RFC 2046 5.1.5
};

// The boundaries of the containers that are open, by their text.
class OpenBoundaries {
 public:
  void open(const std::string& boundary, std::size_t level) { levels_[boundary].push_back(level); }
  void close(const std::string& boundary) {
    const auto found = levels_.find(boundary);
    found->second.pop_back();
    if (found->second.empty()) levels_.erase(found);
  }
  // The innermost one.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view boundary) const {
    const auto found = levels_.find(boundary);
    return found == levels_.end() ? std::nullopt : std::optional(found->second.back());
  }
  [[nodiscard]] bool empty() const { return levels_.empty(); }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, std::vector<std::size_t>, Hash, std::equal_to<>> levels_;
};

struct Delimiter {
  std::size_t level = 0;  // of the multipart it belongs to
  bool closes = false;
  std::size_t next = 0;  // where the next line begins
};

Protection within(Protection outer, const PartHeader& header) {
  const bool pgp = header.protocol.find("pgp") != std::string::npos;
  const bool pkcs7 = header.protocol.find("pkcs7") != std::string::npos;
  if (header.type == "multipart/signed") {  // RFC 1847 2.1
    outer.pgp_signed |= pgp;
    outer.smime_signed |= pkcs7;
  }
  if (header.type == "multipart/encrypted") outer.pgp_encrypted |= pgp;  // RFC 1847 2.2
  return outer;
}

std::string numbered(const std::string& prefix, std::size_t number) {
  return prefix.empty() ? std::to_string(number) : prefix + "." + std::to_string(number);
}

// Where the content of a part or message begins, and how it is counted. RFC 3501 6.4.5: a multipart that is
// all of a message has the message's own number; anything else in it is its part 1.
struct Start {
  std::size_t at = 0;
  std::string number;
  bool in_message = true;
};

class Walker {
 public:
  Walker(std::string_view octets, const WalkLimits& limits) : octets_(octets), limits_(limits) {}

  Walk run() {
    begin({});
    while (going() && at_ < octets_.size())
      next_line();
    if (going()) close_above(0, octets_.size());
    std::erase_if(walk_.entities, [](const Entity& entity) {
      return entity.kind == Entity::Kind::multipart || entity.length == unknown;
    });
    return std::move(walk_);
  }

 private:
  static constexpr auto unknown = static_cast<std::size_t>(-1);  // length of what has not ended
  // What split() looks at of a line, and of its end, to see whether it ends the header.
  static constexpr std::size_t line_decided_octets = 998 + 66;

  [[nodiscard]] bool going() const { return walk_.too_complex.empty(); }
  void pass(std::string limit) { walk_.too_complex = std::move(limit); }

  // A nested message begins where the header of the part that holds it ends, so there may be many at once.
  void begin(Start start) {
    for (bool nested = true; nested && going();) {
      const auto message = header_at(start.at);
      const auto is_digest = !start.in_message && containers_.back().is_digest;
      const auto header = read_part_header(message, is_digest ? "message/rfc822" : "text/plain");
      at_ = body_of(message, start.at);
      if (!within_limits(message, header)) return;
      nested = header.is_message();
      add(header, start);
      if (!going()) return;
      if (nested || header.is_multipart()) open(header);
      if (nested) start = {.at = at_, .number = walk_.entities.back().number, .in_message = true};
    }
  }

  // split() takes the header and, if there is one, the empty line after it.
  [[nodiscard]] static std::size_t body_of(const Message& message, std::size_t at) {
    return at + static_cast<std::size_t>(message.body.data() - message.header.data());
  }

  // In windows that grow, so that no header costs more than its own size: a boundary with a colon in it looks
  // like a field, and a header of nothing but such would be read to its end for each of its parts.
  [[nodiscard]] Message header_at(std::size_t at) const {
    for (std::size_t window = 4096;; window *= 8) {
      const auto message = split(octets_.substr(at, window));
      if (const auto line = delimiter_in(message, at)) return split(octets_.substr(at, *line - at));
      const bool is_all = window >= octets_.size() - at || window > 2 * header_octets_max;
      if (is_all || message.body.size() > line_decided_octets) return message;
    }
  }

  [[nodiscard]] std::optional<std::size_t> delimiter_in(const Message& message, std::size_t at) const {
    for (const auto& field : message.fields) {
      const auto line = at + static_cast<std::size_t>(field.whole.data() - message.header.data());
      if (field.name.starts_with("--") && delimiter_at(line)) return line;
    }
    return std::nullopt;
  }

  bool within_limits(const Message& message, const PartHeader& header) {
    if (const auto limit = header_limit_passed(message); !limit.empty())
      pass(limit);
    else if (header.too_many_parameters)
      pass("more than 100 parameters in a header field");
    else if (header.boundary.size() > limits_.boundary_octets_max)
      pass("a boundary of more than 70 characters");
    else if (walk_.entities.size() >= limits_.parts_max)
      pass("more than 10,000 parts");
    else if ((header.is_multipart() || header.is_message()) && containers_.size() >= limits_.depth_max)
      pass("more than 100 levels of parts");
    return going();
  }

  void add(const PartHeader& header, const Start& start) {
    Entity entity{.type = header.type,
                  .name = header.name,
                  .charset = header.charset,
                  .disposition = header.disposition,
                  .encoding = header.encoding,
                  .smime_type = header.smime_type,
                  .offset = at_,
                  .length = unknown};
    if (header.is_multipart()) entity.kind = Entity::Kind::multipart;
    if (header.is_message()) entity.kind = Entity::Kind::message;
    const bool is_whole = start.in_message && !header.is_multipart();
    entity.number = is_whole ? numbered(start.number, 1) : start.number;
    if (!containers_.empty()) entity.protection = containers_.back().protection;
    detail_octets_ += entity.number.size() + entity.type.size() + entity.name.size() + entity.charset.size() +
                      entity.disposition.size() + entity.encoding.size() + entity.smime_type.size();
    if (detail_octets_ > limits_.detail_octets_max) return pass("more than 1 MB of names and types");
    walk_.entities.push_back(std::move(entity));
  }

  void open(const PartHeader& header) {
    const auto& entity = walk_.entities.back();
    Container container{.entity = walk_.entities.size() - 1,
                        .boundary = header.is_multipart() ? header.boundary : "",
                        .number = entity.number,
                        .protection = within(entity.protection, header),
                        .is_digest = header.type == "multipart/digest"};
    if (header.is_multipart()) boundaries_.open(container.boundary, containers_.size());
    containers_.push_back(std::move(container));
  }

  void next_line() {
    const auto line = boundaries_.empty() ? octets_.size() : next_dashes(octets_, at_);
    const auto delimiter = delimiter_at(line);
    if (!delimiter) {
      at_ = std::min(line + 2, octets_.size());
      return;
    }
    close_above(delimiter->level + 1, line);
    at_ = delimiter->next;
    if (delimiter->closes) return close_above(delimiter->level, line);
    auto& container = containers_.back();
    begin({.at = at_, .number = numbered(container.number, ++container.children), .in_message = false});
  }

  // RFC 2046 5.1.1: "--" boundary, perhaps "--", perhaps blanks, and nothing else on the line.
  [[nodiscard]] std::optional<Delimiter> delimiter_at(std::size_t line) const {
    if (boundaries_.empty() || octets_.substr(line, 2) != "--") return std::nullopt;
    const auto begin = line + 2;
    auto end = begin, at = begin;
    for (; at < octets_.size() && !is_line_end(octets_[at]); ++at) {
      if (is_blank(octets_[at])) continue;
      end = at + 1;
      if (end - begin > limits_.boundary_octets_max + 2) return std::nullopt;
    }
    const auto text = octets_.substr(begin, end - begin);
    const auto next = at < octets_.size() ? at + line_end_octets(octets_, at) : at;
    if (const auto level = boundaries_.find(text)) return Delimiter{*level, false, next};
    if (!text.ends_with("--")) return std::nullopt;
    const auto level = boundaries_.find(text.substr(0, text.size() - 2));
    return level ? std::optional(Delimiter{*level, true, next}) : std::nullopt;
  }

  // Ends the part that is being read, and all containers from `level` on, before the line at `line`.
  void close_above(std::size_t level, std::size_t line) {
    end_entity(walk_.entities.size() - 1, line);
    while (containers_.size() > level) {
      const auto container = std::move(containers_.back());
      containers_.pop_back();
      if (!container.boundary.empty()) boundaries_.close(container.boundary);
      if (!container.boundary.empty() && container.children == 0) make_leaf(walk_.entities[container.entity]);
      end_entity(container.entity, line);
    }
  }

  static void make_leaf(Entity& entity) {
    entity.kind = Entity::Kind::leaf;
    if (entity.number.empty()) entity.number = "1";
  }

  // What has ended stays as it was.
  void end_entity(std::size_t index, std::size_t line) {
    auto& entity = walk_.entities[index];
    const bool is_open = std::ranges::any_of(containers_, [&](const auto& c) { return c.entity == index; });
    if (entity.length != unknown || is_open) return;
    // The line end in front of a boundary belongs to it (RFC 2046 5.1.1).
    const auto end = line < octets_.size() ? before_line_end(octets_, entity.offset, line) : line;
    entity.length = std::max(end, entity.offset) - entity.offset;
  }

  const std::string_view octets_;
  const WalkLimits limits_;
  Walk walk_;
  std::size_t at_ = 0;
  std::size_t detail_octets_ = 0;
  std::vector<Container> containers_;
  OpenBoundaries boundaries_;
};

}  // namespace

Walk walk(std::string_view octets, const WalkLimits& limits) {
  return Walker(octets, limits).run();
}

}  // namespace guichet::filters
