#include "store/read_back.h"

#include <map>

namespace guichet::store {
namespace {

using Damage = std::map<Digest, std::string>;

Damage damaged_bodies(const Archive& archive, std::span<const News> news) {
  Damage damage;
  for (const auto& item : news) {
    const auto* body = std::get_if<NewBody>(&item);
    if (!body) continue;
    const auto checked = archive.check(body->place, body->digest);
    if (!checked && checked.error().kind == ErrorKind::damaged)
      damage.emplace(body->digest, checked.error().text);
  }
  return damage;
}

// Which of the messages that came with them have these bodies.
std::map<MessageId, std::string> damaged_messages(const Damage& damage, std::span<const News> news) {
  std::map<MessageId, std::string> messages;
  for (const auto& item : news) {
    const auto* fact = std::get_if<NewFact>(&item);
    const auto* received = fact ? std::get_if<Received>(&fact->fact) : nullptr;
    const auto found = received ? damage.find(received->digest) : damage.end();
    if (found != damage.end()) messages.emplace(received->message, found->second);
  }
  return messages;
}

}  // namespace

std::vector<NewFact> unreadable_among(const Archive& archive, std::span<const News> news) {
  std::vector<NewFact> stuck;
  const auto damage = damaged_bodies(archive, news);
  if (damage.empty()) return stuck;
  const auto messages = damaged_messages(damage, news);
  for (const auto& item : news) {
    const auto* fact = std::get_if<NewFact>(&item);
    const auto* delivered = fact ? std::get_if<Delivered>(&fact->fact) : nullptr;
    const auto found = delivered ? messages.find(delivered->message) : messages.end();
    if (found == messages.end()) continue;
    stuck.push_back({fact->place, Stuck{delivered->uid, delivered->message, delivered->at, "store",
                                        "not readable: " + found->second}});
  }
  return stuck;
}

void ReadBack::operator()(std::vector<News>& news) const {
  std::vector<Fact> facts;
  for (auto& stuck : unreadable_among(archive_, news)) {
    facts.push_back(stuck.fact);
    news.emplace_back(std::move(stuck));
  }
  if (facts.empty()) return;
  alarm_(
      "delivery.damaged: what was just filed cannot be read back, and is not offered; the disk or the memory "
      "of this machine is failing: guichet verify, guichet queue");
  set_aside_(std::move(facts));
}

}  // namespace guichet::store
