// An address is read twice side by side: its octets, and its shape. The shape is as long as the octets and
// has 'x' for whatever quotes or a backslash take the meaning from, so that brackets, blanks, '@' and ':' can
// be searched for without minding quotes at every step.
#include "smtpd/address.h"

#include <algorithm>

#include "smtpd/ascii.h"

namespace guichet::smtpd {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr char kMalformed = '\0';  // in a shape: a control octet, or inside a quote that never ends

std::string shape_of(std::string_view text) {
  std::string shape(text);
  bool quoted = false;
  std::size_t quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      quoted = !quoted;
      quote = i;
      shape[i] = 'x';
    } else if (text[i] == '\\') {
      shape[i] = i + 1 < text.size() ? 'x' : kMalformed;
      if (++i < text.size()) shape[i] = ascii_control(text[i]) ? kMalformed : 'x';
    } else if (ascii_control(text[i]) && text[i] != '\t') {
      shape[i] = kMalformed;
    } else if (quoted) {
      shape[i] = 'x';
    }
  }
  if (quoted) std::fill(shape.begin() + static_cast<std::ptrdiff_t>(quote), shape.end(), kMalformed);
  return shape;
}

// Octets and their shape, cut together.
struct Text {
  std::string_view octets;
  std::string_view shape;

  [[nodiscard]] Text part(std::size_t from, std::size_t count = npos) const {
    return {octets.substr(from, count), shape.substr(from, count)};
  }
};

// Up to the first blank outside brackets and quotes; nullopt when a bracket stays open.
std::optional<std::size_t> path_length(std::string_view shape) {
  int depth = 0;
  std::size_t i = 0;
  for (; i < shape.size(); ++i) {
    if (depth == 0 && kBlanks.find(shape[i]) != npos) break;
    if (shape[i] == '<') ++depth;
    if (shape[i] == '>' && depth > 0) --depth;
  }
  if (depth > 0) return std::nullopt;
  return i;
}

// What Postfix lets follow an address: `a@b>`, `<a@b>>`, `<a@b>;`, `<a@b ; >`.
constexpr std::string_view kTrailers = " \t>;,";

// The innermost brackets hold the address: `<a@b>`, `<<a@b>>`, `Name<a@b>`, and without any `a@b`.
std::optional<Text> inside_brackets(Text path) {
  const auto open = path.shape.rfind('<');
  const auto close = path.shape.find('>', open == npos ? 0 : open);
  const auto after = std::min(close, path.shape.size());
  if (path.shape.find_first_not_of(kTrailers, after) != npos) return std::nullopt;
  const auto from = open == npos ? 0 : open + 1;
  const Text inside = path.part(from, after - from);
  return inside.part(0, inside.shape.find_last_not_of(kTrailers) + 1);
}

// Blanks beside '@' and ':' or at the ends are dropped, as RFC 822 mailers write them; others are an error.
std::optional<std::string> without_blanks(Text address) {
  std::string kept;
  char previous = '@';
  bool blank = false;
  for (std::size_t i = 0; i < address.shape.size(); ++i) {
    const char c = address.shape[i];
    if (kBlanks.find(c) != npos) {
      blank = true;
      continue;
    }
    const bool separator = c == '@' || c == ':' || previous == '@' || previous == ':';
    if (blank && !separator) return std::nullopt;
    blank = false;
    previous = c;
    kept += address.octets[i];
  }
  return kept;
}

// RFC 5321 F.2: a source route is accepted and ignored. A colon inside an address literal does not end it.
Text skip_source_route(Text address) {
  while (address.shape.starts_with('@')) {
    std::size_t colon = 0;
    bool literal = false;
    for (; colon < address.shape.size() && (literal || address.shape[colon] != ':'); ++colon) {
      if (address.shape[colon] == '[') literal = true;
      if (address.shape[colon] == ']') literal = false;
    }
    if (colon == address.shape.size()) break;
    address = address.part(colon + 1);
  }
  return address;
}

std::string unquoted(std::string_view local_part) {
  std::string out;
  for (std::size_t i = 0; i < local_part.size(); ++i) {
    if (local_part[i] == '"') continue;
    if (local_part[i] == '\\') ++i;
    out += local_part[i];
  }
  return out;
}

// RFC 5321 4.1.2: labels are never empty. RFC 5321 4.1.3: a literal is closed. What stands in them is the
// policy's business: a name that is not ours is refused as such.
bool domain_is_sound(std::string_view shape) {
  if (shape.starts_with('[')) return shape.size() > 2 && shape.find_first_of("[]", 1) == shape.size() - 1;
  const bool stray = shape.find_first_of("[]()<>,;:") != npos;
  return !stray && !shape.empty() && !shape.starts_with('.') && shape.find("..") == npos;
}

std::optional<Path> read_address(Text address) {
  Path path;
  path.written = address.octets;
  const auto at = address.shape.rfind('@');
  path.local_part = unquoted(address.octets.substr(0, at));
  if (at == npos) return path;
  if (!domain_is_sound(address.shape.substr(at + 1))) return std::nullopt;
  path.domain = address.octets.substr(at + 1);
  if (path.domain.ends_with('.')) path.domain.pop_back();
  return path;
}

}  // namespace

std::optional<PathParse> parse_path(std::string_view argument) {
  const auto start = std::min(argument.find_first_not_of(kBlanks), argument.size());
  const std::string shape = shape_of(argument);
  const Text rest = Text{argument, shape}.part(start);
  const auto length = path_length(rest.shape);
  if (!length || *length == 0) return std::nullopt;

  const Text path = rest.part(0, *length);
  if (path.shape.find(kMalformed) != npos) return std::nullopt;
  const auto inside = inside_brackets(path);
  if (!inside) return std::nullopt;
  const auto dense = without_blanks(*inside);
  if (!dense) return std::nullopt;

  const std::string dense_shape = shape_of(*dense);
  const auto address = read_address(skip_source_route({*dense, dense_shape}));
  if (!address) return std::nullopt;
  return PathParse{*address, start + *length};
}

bool is_bare_postmaster(const Path& path) {
  return path.domain.empty() && ascii_iequals(path.local_part, "postmaster");
}

}  // namespace guichet::smtpd
