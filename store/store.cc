#include "store/store.h"

#include <algorithm>
#include <future>
#include <iterator>

#include "store/earlier.h"
#include "store/erasure.h"
#include "store/indexer.h"
#include "store/marks.h"
#include "store/projection.h"
#include "store/read_back.h"
#include "store/recovery.h"
#include "store/writer.h"

namespace guichet::store {
namespace {

// A spool file, the next volume, and one of the index or of the folder.
constexpr unsigned files_for_a_message = 3;

class WriterExpectation final : public Store::Expectation {
 public:
  explicit WriterExpectation(Writer& writer) : writer_(writer) { writer_.expect(+1); }
  ~WriterExpectation() override { writer_.expect(-1); }

 private:
  Writer& writer_;
};

class RealStore final : public Store {
 public:
  RealStore(StoreOptions options, Disk& disk, Clock& clock, std::unique_ptr<FolderLock> lock)
      : options_(std::move(options)),
        disk_(disk),
        lock_(std::move(lock)),
        room_(disk, clock, options_.path, options_.reserve_percent),
        memory_(options_.bodies_octets_max),
        archive_(disk, options_.path) {}

  ~RealStore() override { stop(); }

  Result<void> start(Clock& clock, IdSource& ids, const Alarm& alarm) {
    if (auto swept = sweep_spool(disk_, options_.path); !swept) return swept;
    auto tip = seal_last_volume(archive_, alarm);
    if (!tip) return tl::unexpected(tip.error());
    std::vector<Fact> stuck;  // of what is caught up; there is no writer yet
    const auto keep = [&stuck](std::vector<Fact> facts) {
      std::ranges::move(facts, std::back_inserter(stuck));
    };
    auto index = open_index(alarm, inspection(alarm, keep));
    if (!index) return tl::unexpected(index.error());
    if (auto opened = open_readers(); !opened) return opened;
    indexer_ = std::make_unique<Indexer>(std::move(*index), archive_, alarm,
                                         IndexPosition{{tip->volume, tip->length}, tip->chain},
                                         inspection(alarm, [this](auto facts) { record(std::move(facts)); }));
    writer_ = std::make_unique<Writer>(options_, disk_, room_, clock, ids, alarm, *indexer_, *earlier_, *tip);
    if (!stuck.empty()) record(std::move(stuck));
    return {};
  }

  void append(Append append) override { writer_->push(std::move(append)); }
  std::unique_ptr<Expectation> expect() override { return std::make_unique<WriterExpectation>(*writer_); }
  Body new_body(const MessageId& message) override {
    auto spool_file = spool_;
    message.uuid.append_text(spool_file);
    return {memory_, disk_, spool_file.append(".part")};
  }
  BodyMemory& memory() override { return memory_; }
  bool has_room(std::uint64_t octets) const override { return room_.holds(octets); }
  bool has_room_for_a_file() const override { return room_.holds_a_file(); }
  bool can_open_files() const override { return disk_.can_open(files_for_a_message); }

  Result<void> wait_for_index() override { return indexer_->wait(); }
  Result<std::vector<WaitingRow>> offerable(const OfferQuery& query) override {
    if (auto caught_up = indexer_->wait(); !caught_up) return tl::unexpected(caught_up.error());
    const std::lock_guard lock(reader_mutex_);
    return reader_->offerable(query);
  }
  Result<std::optional<MessageRow>> message(const MessageId& id) override {
    const std::lock_guard lock(reader_mutex_);
    return reader_->message(id);
  }
  Result<std::optional<BodyPlace>> body(const Digest& digest) override {
    const std::lock_guard lock(reader_mutex_);
    return reader_->body(digest);
  }
  Result<std::vector<MessageRow>> undelivered() override {
    if (auto caught_up = indexer_->wait(); !caught_up) return tl::unexpected(caught_up.error());
    const std::lock_guard lock(reader_mutex_);
    return reader_->undelivered();
  }

  Result<std::vector<DeliveryRow>> deliveries(const MessageId& id) override {
    const std::lock_guard lock(reader_mutex_);
    return reader_->deliveries(id);
  }

  Result<IndexCounts> rebuild_index() override {
    if (auto rebuilt = indexer_->rebuild(); !rebuilt) return tl::unexpected(rebuilt.error());
    const std::lock_guard lock(reader_mutex_);
    return reader_->counts();
  }

  std::unique_lock<std::mutex> alone() override { return std::unique_lock(alone_); }

  // The empty append is answered when the batch before it is durable and told to the index.
  Result<void> repeat_no_more(const Digest& digest) override {
    writer_->repeat_no_more(digest);
    if (auto passed = append_and_wait(*this, {}); !passed) return passed;
    return indexer_->wait();
  }
  Result<void> empty_index_log() override { return indexer_->empty_log(); }
  Result<std::size_t> take_in_merged() override { return indexer_->take_in_merged(); }

  const Archive& archive() const override { return archive_; }
  Place durable_end() const override { return writer_->durable_end(); }
  bool failed() const override { return writer_->failed(); }

  // The writer first: what it still commits is news for the index.
  void stop() override {
    if (writer_) writer_->stop();
    if (indexer_) indexer_->stop();
  }

 protected:
  Result<void> with_index(const std::function<void(IndexReader&)>& use) override {
    if (auto caught_up = indexer_->wait(); !caught_up) return caught_up;
    const std::lock_guard lock(reader_mutex_);
    use(*reader_);
    return {};
  }

 private:
  Inspect inspection(const Alarm& alarm, ReadBack::SetAside set_aside) const {
    if (!options_.read_back) return nullptr;
    return ReadBack(archive_, alarm, std::move(set_aside));
  }

  // There is a writer by the time there are news.
  void record(std::vector<Fact> facts) {
    writer_->push({.body = std::nullopt, .facts = std::move(facts), .done = [](const Result<void>&) {}});
  }

  Result<std::unique_ptr<Index>> open_index(const Alarm& alarm, const Inspect& inspect) {
    auto index = Index::open(index_file(options_.path));
    if (!index) return index;
    auto current = bring_up(**index, alarm, inspect);
    if (!current && current.error().kind == ErrorKind::damaged) {
      alarm(current.error().text + "; it is set aside and made anew");
      index->reset();
      index = Index::open_anew(index_file(options_.path));
      if (!index) return index;
      current = store::rebuild(**index, archive_, everything, alarm);
    }
    if (!current) return tl::unexpected(current.error());
    return index;
  }

  // An index that cannot be brought up to date is of other volumes: it is filled again.
  Result<void> bring_up(Index& index, const Alarm& alarm, const Inspect& inspect) {
    auto caught_up = catch_up(index, archive_, everything, alarm, inspect);
    if (caught_up || caught_up.error().kind != ErrorKind::foreign) return caught_up;
    alarm(caught_up.error().text + "; it is rebuilt");
    return store::rebuild(index, archive_, everything, alarm);
  }

  Result<void> open_readers() {
    auto for_queries = IndexReader::open(index_file(options_.path));
    if (!for_queries) return tl::unexpected(for_queries.error());
    auto for_writer = IndexReader::open(index_file(options_.path));
    if (!for_writer) return tl::unexpected(for_writer.error());
    reader_ = std::move(*for_queries);
    earlier_ = std::make_unique<EarlierBodies>(archive_, std::move(*for_writer));
    return {};
  }

  const StoreOptions options_;
  const std::string spool_ = (options_.path / "spool" / "").string();
  Disk& disk_;
  const std::unique_ptr<FolderLock> lock_;
  const Room room_;
  BodyMemory memory_;
  const Archive archive_;
  std::mutex alone_;
  std::mutex reader_mutex_;
  std::unique_ptr<IndexReader> reader_;
  std::unique_ptr<EarlierBodies> earlier_;
  std::unique_ptr<Indexer> indexer_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(StoreOptions options, Disk& disk, Clock& clock, IdSource& ids,
                                           Alarm alarm) {
  if (!options.restoring)
    if (auto whole = refuse_restoring(disk, options.path); !whole) return tl::unexpected(whole.error());
  if (auto made = make_folder(disk, options.path); !made) return tl::unexpected(made.error());
  // The lock before a look: two processes must not both find an empty folder.
  // A restore holds it already.
  auto lock = options.restoring ? Result<std::unique_ptr<FolderLock>>() : disk.lock(options.path / "lock");
  if (!lock) return tl::unexpected(lock.error());
  if (auto prepared = prepare_folder(disk, options.path); !prepared) return tl::unexpected(prepared.error());
  auto store = std::make_unique<RealStore>(std::move(options), disk, clock, std::move(*lock));
  if (auto started = store->start(clock, ids, alarm); !started) return tl::unexpected(started.error());
  // Mail is taken all the same: senders wait for nobody's erasure.
  if (auto finished = finish_erasures(*store); !finished)
    alarm("an erasure could not be finished: " + finished.error().text +
          "; it is tried again at the next start");
  return store;
}

Result<void> append_and_wait(Store& store, std::vector<Fact> facts) {
  std::promise<Result<void>> answered;
  auto answer = answered.get_future();
  store.append({.body = std::nullopt, .facts = std::move(facts), .done = [&](const Result<void>& done) {
                  answered.set_value(done);
                }});
  return answer.get();
}

}  // namespace guichet::store
