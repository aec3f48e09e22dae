#include "tests/store/forgetful_node.h"

namespace guichet::store {
namespace {

std::string survive_sectors(const Node& node, Random& random) {
  std::string content = node.durable;
  std::vector<std::uint64_t> sizes{content.size()};
  for (const auto& change : node.pending) {
    sizes.push_back(change.size_after(sizes.back()));
    if (change.cut && !toss(random)) continue;
    apply_change(content, change, [&random](std::uint64_t) { return toss(random); });
  }
  // Sizes are the inode's, not the sectors': any that the file had may be the one on the disk.
  content.resize(static_cast<std::size_t>(sizes[random() % sizes.size()]), '\0');
  return content;
}

std::string survive_prefix(const Node& node, Random& random) {
  std::string content = node.durable;
  for (const auto& change : node.pending) {
    if (&change != &node.pending.back() || change.cut) {
      apply_change(content, change);
      continue;
    }
    const auto first = change.offset / sector_octets;
    const auto sectors = (change.offset + change.octets.size()) / sector_octets - first + 1;
    const auto kept = first + random() % sectors;
    apply_change(content, change, [kept](std::uint64_t sector) { return sector >= kept; });
  }
  return content;
}

std::string survive(const Node& node, Random& random, Cut mode) {
  switch (mode) {
    case Cut::nothing_unsynced:
      return node.durable;
    case Cut::sectors:
      return survive_sectors(node, random);
    case Cut::last_write_prefix:
      return survive_prefix(node, random);
    case Cut::everything:
      break;
  }
  std::string content = node.durable;
  for (const auto& change : node.pending)
    apply_change(content, change);
  return content;
}

bool survives(const void* change, const void* last, Random& random, Cut mode) {
  if (mode == Cut::sectors) return toss(random);
  if (mode == Cut::last_write_prefix) return change != last || toss(random);
  return mode == Cut::everything;
}

}  // namespace

std::shared_ptr<Node> after_cut(const Node& node, Random& random, Cut mode, Copies& copies) {
  auto& copy = copies[&node];
  if (copy) return copy;  // one file, two names: a move that survived by half
  copy = std::make_shared<Node>();
  const auto made = copy;
  made->is_folder = node.is_folder;
  made->cached = made->durable = survive(node, random, mode);
  const bool mark = survives(nullptr, &node, random, mode);
  made->read_only = made->read_only_durable = mark ? node.read_only : node.read_only_durable;
  auto names = node.names_durable;
  for (const auto& change : node.names_pending)
    if (survives(&change, &node.names_pending.back(), random, mode)) Node::apply_to(names, change);
  for (const auto& [name, child] : names)
    made->names[name] = after_cut(*child, random, mode, copies);
  made->names_durable = made->names;
  return made;
}

std::shared_ptr<Node> copy_of(const std::shared_ptr<Node>& node, Copies& copies) {
  if (!node) return nullptr;
  auto& copy = copies[node.get()];
  if (copy) return copy;
  copy = std::make_shared<Node>(*node);
  const auto made = copy;
  for (auto* names : {&made->names, &made->names_durable})
    for (auto& [name, child] : *names)
      child = copy_of(child, copies);
  for (auto& change : made->names_pending)
    for (auto& [name, child] : change.set)
      child = copy_of(child, copies);
  return made;
}

}  // namespace guichet::store
