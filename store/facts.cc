#include "store/facts.h"

#include <algorithm>
#include <array>
#include <climits>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>

#include "store/check.h"
#include "store/hex.h"

namespace guichet::store {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view received_name = "received";
constexpr std::string_view delivered_name = "delivered";
constexpr std::string_view offered_name = "offered";
constexpr std::string_view handed_over_name = "handed_over";
constexpr std::string_view confirmed_name = "confirmed";
constexpr std::string_view stuck_name = "stuck";
constexpr std::string_view quarantined_name = "quarantined";
constexpr std::string_view requeued_name = "requeued";
constexpr std::string_view judged_name = "judged";
constexpr std::string_view held_name = "held";
constexpr std::string_view released_name = "released";
constexpr std::string_view erased_name = "erased";
constexpr std::string_view digest_prefix = "sha256:";

constexpr std::array<std::string_view, 4> outcome_names{"listed", "retrieved", "dropped", "failed"};
constexpr std::array<std::string_view, 6> way_names{"pop3", "maildir", "action_mailbox",
                                                    "pipe", "smtp",    "discarded"};

// --- Writing
// -------------------------------------------------------------------------------------------------

// One object, member by member. Names are ours and need no escapes.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  ~Object() { out_ += '}'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  std::string& name(std::string_view name, std::string_view suffix = {}) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += name;
    out_ += suffix;
    out_ += "\":";
    return out_;
  }

  void plain(std::string_view member, std::string_view text) {
    name(member) += '"';
    out_ += text;
    out_ += '"';
  }

  void plain(std::string_view member, const Uuid& id) {
    name(member) += '"';
    id.append_text(out_);
    out_ += '"';
  }

  void plain(std::string_view member, Instant instant) {
    name(member) += '"';
    instant.append_rfc3339(out_);
    out_ += '"';
  }

  void plain(std::string_view member, const Digest& digest) {
    name(member) += '"';
    out_ += digest_prefix;
    digest.append_hex(out_);
    out_ += '"';
  }

  void text(std::string_view member, std::string_view octets) {
    append_json_string(name(member), octets);
    if (!is_utf8(octets)) name(member, "_hex") += '"' + hex(octets) + '"';
  }

  void number(std::string_view member, std::uint64_t value) { name(member) += std::to_string(value); }

 private:
  std::string& out_;
  bool first_ = true;
};

void write_recipient(std::string& out, const Recipient& recipient) {
  Object object(out);
  object.text("address", recipient.address);
  object.text("maildrop", recipient.maildrop);
}

template <class Items, class Write>
void write_array(std::string& out, const Items& items, Write write) {
  out += '[';
  for (bool first = true; const auto& item : items) {
    if (!first) out += ',';
    first = false;
    write(out, item);
  }
  out += ']';
}

void write_rule(std::string& out, const ServedRule& rule) {
  Object object(out);
  object.number("version", static_cast<std::uint64_t>(rule.version));
  write_array(object.name("owned"), rule.owned, [](std::string& text, const std::string& field) {
    GUICHET_CHECK(is_utf8(field));  // field names are ASCII: there is no "_hex" beside an item of an array
    append_json_string(text, field);
  });
}

void write_members(Object& object, const Received& fact) {
  object.plain("fact", received_name);
  object.plain("message", fact.message.uuid);
  object.plain("at", fact.at);
  object.plain("digest", fact.digest);
  object.number("size_octets", fact.size_octets);
  write_array(object.name("recipients"), fact.recipients, write_recipient);
  object.name("envelope") += fact.envelope;
}

void write_members(Object& object, const Delivered& fact) {
  object.plain("fact", delivered_name);
  object.plain("uid", fact.uid.uuid);
  object.plain("message", fact.message.uuid);
  object.plain("at", fact.at);
  write_recipient(object.name("recipient"), fact.recipient);
  object.text("prefix", fact.form.prefix);
  write_rule(object.name("rule"), fact.form.rule);
  object.number("size_octets", fact.form.size_octets);
  object.number("fields_renamed", fact.form.fields_renamed);
  object.number("line_ends_mended", fact.form.line_ends_mended);
}

// What all that happens to a delivery has.
template <class Move>
void write_move(Object& object, std::string_view name, const Move& fact) {
  object.plain("fact", name);
  object.plain("uid", fact.uid.uuid);
  object.plain("message", fact.message.uuid);
  object.plain("at", fact.at);
  object.text("by", fact.by);
}

void write_members(Object& object, const Offered& fact) {
  write_move(object, offered_name, fact);
  object.plain("outcome", name_of(fact.outcome));
  object.text("detail", fact.detail);
}

void write_members(Object& object, const HandedOver& fact) {
  write_move(object, handed_over_name, fact);
  if (fact.how != Way::pop3) object.plain("how", name_of(fact.how));
}

void write_members(Object& object, const Confirmed& fact) {
  write_move(object, confirmed_name, fact);
}

void write_members(Object& object, const Stuck& fact) {
  write_move(object, stuck_name, fact);
  object.text("reason", fact.reason);
}

void write_members(Object& object, const Quarantined& fact) {
  write_move(object, quarantined_name, fact);
  object.text("reason", fact.reason);
}

void write_members(Object& object, const Requeued& fact) {
  write_move(object, requeued_name, fact);
  object.text("reason", fact.reason);
  if (fact.as) object.plain("as", fact.as->uuid);
}

void write_members(Object& object, const Judged& fact) {
  object.plain("fact", judged_name);
  object.plain("message", fact.message.uuid);
  object.plain("at", fact.at);
  object.text("by", fact.by);
  object.name("findings") += fact.findings;
}

template <class HeldOrReleased>
void write_hold(Object& object, std::string_view name, const HeldOrReleased& fact) {
  object.plain("fact", name);
  object.plain("message", fact.message.uuid);
  object.plain("at", fact.at);
  object.text("by", fact.by);
  object.text("reason", fact.reason);
}

void write_members(Object& object, const Held& fact) {
  write_hold(object, held_name, fact);
}

void write_members(Object& object, const Released& fact) {
  write_hold(object, released_name, fact);
}

void write_erased_delivery(std::string& out, const ErasedDelivery& delivery) {
  Object object(out);
  object.plain("uid", delivery.uid.uuid);
  object.text("maildrop", delivery.maildrop);
  object.plain("at", delivery.at);
  if (delivery.handed_over) object.plain("handed_over", *delivery.handed_over);
}

void write_members(Object& object, const Erased& fact) {
  object.plain("fact", erased_name);
  object.plain("message", fact.message.uuid);
  object.plain("at", fact.at);
  object.text("by", fact.by);
  object.text("reason", fact.reason);
  object.plain("digest", fact.digest);
  object.number("size_octets", fact.size_octets);
  object.plain("received", fact.received);
  write_array(object.name("records"), fact.records,
              [](std::string& out, const Uuid& id) { out.append("\"" + id.text() + "\""); });
  write_array(object.name("deliveries"), fact.deliveries, write_erased_delivery);
}

// Enough for every member but those that are counted.
std::size_t expected_octets(const Fact& fact) {
  constexpr std::size_t fixed = 640;
  if (const auto* received = std::get_if<Received>(&fact))
    return fixed + received->envelope.size() + 96 * received->recipients.size();
  if (const auto* delivered = std::get_if<Delivered>(&fact)) return fixed + 2 * delivered->form.prefix.size();
  if (const auto* judged = std::get_if<Judged>(&fact)) return fixed + judged->findings.size();
  return fixed;
}

// --- Reading
// -------------------------------------------------------------------------------------------------

std::optional<std::string> from_hex(std::string_view digits) {
  std::string octets(digits.size() / 2, '\0');
  if (!read_hex(digits, {reinterpret_cast<std::uint8_t*>(octets.data()), octets.size()})) return std::nullopt;
  return octets;
}

// Reads the members of one object. A member that is missing or of another shape gives an empty value and is
// remembered in `missing`, so that a fact is read straight through and judged once, at its end.
class Members {
 public:
  Members(const Json& object, std::string& missing) : object_(object), missing_(missing) {}

  const Json& any(const std::string& name) {
    static const Json nothing;
    const auto found = object_.find(name);
    return found == object_.end() ? nothing : *found;
  }

  std::string text(const std::string& name) {
    if (const auto* digits = any(name + "_hex").get_ptr<const std::string*>())
      return got(name, from_hex(*digits));
    return plain(name);
  }

  std::string plain(const std::string& name) {
    const auto* value = any(name).get_ptr<const std::string*>();
    return got(name, value ? std::optional(*value) : std::nullopt);
  }

  std::uint64_t number(const std::string& name) {
    const auto* value = any(name).get_ptr<const Json::number_unsigned_t*>();
    return got(name, value ? std::optional<std::uint64_t>(*value) : std::nullopt);
  }

  // One of a list of names, by its place in it.
  template <class Choice, std::size_t count>
  Choice choice(const std::string& name, const std::array<std::string_view, count>& names) {
    const auto found = std::ranges::find(names, plain(name));
    if (found == names.end()) missing(name);
    return static_cast<Choice>(found == names.end() ? 0 : found - names.begin());
  }

  bool has(const std::string& name) { return !any(name).is_null(); }

  Uuid uuid(const std::string& name) { return got(name, Uuid::from_text(plain(name))); }
  Instant instant(const std::string& name) { return got(name, Instant::from_rfc3339(plain(name))); }

  Digest digest(const std::string& name) {
    const std::string value = plain(name);
    if (!value.starts_with(digest_prefix)) return got<Digest>(name, std::nullopt);
    return got(name, Digest::from_hex(std::string_view(value).substr(digest_prefix.size())));
  }

  Members object(const std::string& name) {
    const Json& value = any(name);
    if (!value.is_object()) missing(name);
    return {value, missing_};
  }

  // Each item by `read(item)`.
  template <class Read>
  auto array(const std::string& name, Read read) {
    std::vector<std::invoke_result_t<Read, const Json&>> items;
    const Json& value = any(name);
    if (!value.is_array()) missing(name);
    for (const Json& item : value)
      items.push_back(read(item));
    return items;
  }

  void missing(const std::string& name) {
    if (missing_.empty()) missing_ = name;
  }

 private:
  template <class T>
  T got(const std::string& name, std::optional<T> value) {
    if (!value) missing(name);
    return std::move(value).value_or(T{});
  }

  const Json& object_;
  std::string& missing_;
};

Recipient read_recipient(Members members) {
  return {.address = members.text("address"), .maildrop = members.text("maildrop")};
}

ServedRule read_rule(Members members) {
  const std::uint64_t version = std::min<std::uint64_t>(members.number("version"), INT_MAX);
  if (version == 0) members.missing("version");
  auto name = [&](const Json& item) {
    if (!item.is_string()) members.missing("owned");
    return item.is_string() ? item.get<std::string>() : std::string();
  };
  return {.version = static_cast<int>(version), .owned = members.array("owned", name)};
}

Received read_received(Members members, std::string& missing) {
  if (!members.any("envelope").is_object()) members.missing("envelope");
  auto recipient = [&](const Json& item) { return read_recipient({item, missing}); };
  return {.message = {members.uuid("message")},
          .at = members.instant("at"),
          .digest = members.digest("digest"),
          .size_octets = members.number("size_octets"),
          .recipients = members.array("recipients", recipient),
          .envelope = members.any("envelope").dump()};
}

Delivered read_delivered(Members members) {
  return {.uid = {members.uuid("uid")},
          .message = {members.uuid("message")},
          .at = members.instant("at"),
          .recipient = read_recipient(members.object("recipient")),
          .form = {.prefix = members.text("prefix"),
                   .rule = read_rule(members.object("rule")),
                   .size_octets = members.number("size_octets"),
                   .fields_renamed = members.number("fields_renamed"),
                   .line_ends_mended = members.number("line_ends_mended")}};
}

template <class Move>
Move read_move(Members members) {
  Move fact;
  fact.uid = {members.uuid("uid")};
  fact.message = {members.uuid("message")};
  fact.at = members.instant("at");
  fact.by = members.text("by");
  return fact;
}

Offered read_offered(Members members) {
  auto fact = read_move<Offered>(members);
  fact.outcome = members.choice<OfferOutcome>("outcome", outcome_names);
  fact.detail = members.text("detail");
  return fact;
}

HandedOver read_handed_over(Members members) {
  auto fact = read_move<HandedOver>(members);
  if (members.has("how")) fact.how = members.choice<Way>("how", way_names);
  return fact;
}

template <class StuckOrQuarantined>
StuckOrQuarantined read_reasoned(Members members) {
  auto fact = read_move<StuckOrQuarantined>(members);
  fact.reason = members.text("reason");
  return fact;
}

Judged read_judged(Members members) {
  if (!members.any("findings").is_object()) members.missing("findings");
  return {.message = {members.uuid("message")},
          .at = members.instant("at"),
          .by = members.text("by"),
          .findings = members.any("findings").dump()};
}

Requeued read_requeued(Members members) {
  auto fact = read_move<Requeued>(members);
  fact.reason = members.text("reason");
  if (members.has("as")) fact.as = Uid{members.uuid("as")};
  return fact;
}

template <class HeldOrReleased>
HeldOrReleased read_hold(Members members) {
  return {.message = {members.uuid("message")},
          .at = members.instant("at"),
          .by = members.text("by"),
          .reason = members.text("reason")};
}

ErasedDelivery read_erased_delivery(Members members) {
  const bool handed_over = members.has("handed_over");
  return {.uid = {members.uuid("uid")},
          .maildrop = members.text("maildrop"),
          .at = members.instant("at"),
          .handed_over = handed_over ? std::optional(members.instant("handed_over")) : std::nullopt};
}

Erased read_erased(Members members, std::string& missing) {
  const auto record = [&](const Json& item) {
    const auto* text = item.get_ptr<const std::string*>();
    const auto id = text ? Uuid::from_text(*text) : std::nullopt;
    if (!id) members.missing("records");
    return id.value_or(Uuid{});
  };
  const auto delivery = [&](const Json& item) { return read_erased_delivery({item, missing}); };
  return {.message = {members.uuid("message")},
          .at = members.instant("at"),
          .by = members.text("by"),
          .reason = members.text("reason"),
          .digest = members.digest("digest"),
          .size_octets = members.number("size_octets"),
          .received = members.instant("received"),
          .records = members.array("records", record),
          .deliveries = members.array("deliveries", delivery)};
}

std::optional<Fact> read_fact(const std::string& kind, Members members, std::string& missing) {
  if (kind == received_name) return read_received(members, missing);
  if (kind == delivered_name) return read_delivered(members);
  if (kind == offered_name) return read_offered(members);
  if (kind == handed_over_name) return read_handed_over(members);
  if (kind == confirmed_name) return read_move<Confirmed>(members);
  if (kind == stuck_name) return read_reasoned<Stuck>(members);
  if (kind == quarantined_name) return read_reasoned<Quarantined>(members);
  if (kind == requeued_name) return read_requeued(members);
  if (kind == judged_name) return read_judged(members);
  if (kind == held_name) return read_hold<Held>(members);
  if (kind == released_name) return read_hold<Released>(members);
  if (kind == erased_name) return read_erased(members, missing);
  return std::nullopt;
}

// A served form of a later rule cannot be handed out by this release: as foreign as a fact of unknown name.
bool of_later_rule(const Fact& fact) {
  const auto* delivered = std::get_if<Delivered>(&fact);
  return delivered && delivered->form.rule.version > served_rule_latest;
}

}  // namespace

std::string_view name_of(OfferOutcome outcome) {
  return outcome_names.at(static_cast<std::size_t>(outcome));
}

std::string_view name_of(Way way) {
  return way_names.at(static_cast<std::size_t>(way));
}

std::string encode_fact(const Fact& fact) {
  std::string out;
  out.reserve(expected_octets(fact));
  std::visit(
      [&](const auto& known) {
        Object object(out);
        write_members(object, known);
      },
      fact);
  return out;
}

Result<Fact> decode_fact(std::string_view json) {
  const Json object = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return fail(ErrorKind::damaged, "a fact that is no JSON object");

  std::string missing;
  Members members(object, missing);
  const std::string kind = members.plain("fact");
  if (!missing.empty()) return fail(ErrorKind::damaged, "a fact without its name");
  const std::optional<Fact> fact = read_fact(kind, members, missing);
  if (!fact) return fail(ErrorKind::foreign, "a fact of a later release: " + json_string(kind));
  if (of_later_rule(*fact)) return fail(ErrorKind::foreign, "a delivery by a served rule of a later release");
  if (!missing.empty())
    return fail(ErrorKind::damaged, "a fact \"" + kind + "\" without a sound \"" + missing + "\"");
  return *fact;
}

MessageId message_of(const Fact& fact) {
  return std::visit([](const auto& known) { return known.message; }, fact);
}

}  // namespace guichet::store
