// A filter worker that does what the message says, as one would that a message has taken over: its first
// line names the deed.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "filters/wire.h"
#include "filters/worker.h"

namespace {

using namespace guichet::filters;
using Deed = std::function<void(std::string_view octets, Names& names, Tell& tell)>;

Findings error(const std::string& text) {
  Findings piece;
  piece.errors = {text};
  return piece;
}

Findings spf(AuthResult result) {
  Findings piece;
  piece.spf = SpfFinding{result, "example.org", false, ""};
  return piece;
}

void ordinary(std::string_view octets, Names& names, Tell& tell) {
  tell.begins(Stage::spf);
  names.expect({{"example.org", NameType::txt}, {"mx.example.org", NameType::a}});
  const auto answer = names.ask({"example.org", NameType::txt});
  tell.found(spf(answer.outcome == NameAnswer::Outcome::found ? AuthResult::pass : AuthResult::temperror));
  tell.begins(Stage::parts);
  Findings piece;
  piece.mime = MimeFinding();
  piece.mime->parts.emplace_back();
  piece.mime->parts.back().size_octets = octets.size();
  tell.found(piece);
}

// An address that the compiler cannot know to be none.
void crash() {
  volatile std::uintptr_t nowhere = 8;
  *reinterpret_cast<volatile int*>(nowhere) = 1;
}

void eat_memory(Tell& tell) {
  tell.begins(Stage::parts);
  std::vector<std::vector<char>> eaten;
  for (;;)
    eaten.emplace_back(std::size_t{1} << 20, 'x');
}

void write_to_all(Tell& tell) {
  for (int descriptor = 0; descriptor < 10; ++descriptor)
    if (::write(descriptor, "nonsense", 8) < 0 && errno != EBADF) tell.found(error("write refused"));
}

// As if it had not gone through Wire.
void say(std::string_view octets) {
  while (!octets.empty()) {
    const auto sent = ::write(worker_socket, octets.data(), octets.size());
    if (sent <= 0) return;
    octets.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void say_frame(FrameType type, std::string_view payload) {
  Wire wire{Descriptor(worker_socket), 0, false};
  static_cast<void>(wire.send(type, payload));
  ::_exit(0);
}

void ask_often(Names& names, Tell& tell, unsigned times) {
  tell.begins(Stage::spf);
  unsigned found = 0;
  for (unsigned i = 0; i < times; ++i)
    found +=
        names.ask({std::to_string(i) + ".example.org", NameType::a}).outcome == NameAnswer::Outcome::found;
  auto piece = spf(AuthResult::permerror);
  piece.spf->terms = found;
  tell.found(piece);
}

void make_executable() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ::mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

const std::map<std::string, Deed, std::less<>>& deeds() {
  static const std::map<std::string, Deed, std::less<>> all{
      {"ordinary", ordinary},
      {"nothing", [](auto, auto&, auto&) {}},
      {"crash", [](auto, auto&, auto&) { crash(); }},
      {"abort", [](auto, auto&, auto&) { std::abort(); }},
      {"throw", [](auto, auto&, auto&) { throw std::out_of_range("a library's own"); }},
      {"hang", [](auto, auto&, auto&) { ::poll(nullptr, 0, -1); }},
      {"eat memory", [](auto, auto&, auto& tell) { eat_memory(tell); }},
      {"fork", [](auto, auto&, auto&) { static_cast<void>(::fork()); }},
      {"open a file", [](auto, auto&, auto&) { static_cast<void>(::open("/etc/passwd", O_RDONLY)); }},
      {"open a socket", [](auto, auto&, auto&) { ::socket(AF_INET, SOCK_STREAM, 0); }},
      {"exec", [](auto, auto&, auto&) { ::execl("/bin/true", "true", nullptr); }},
      {"kill the parent", [](auto, auto&, auto&) { ::kill(::getppid(), SIGTERM); }},
      {"signal another", [](auto, auto&, auto&) { ::tgkill(1, 1, SIGTERM); }},
      {"make executable", [](auto, auto&, auto&) { make_executable(); }},
      {"write to 0-9", [](auto, auto&, auto& tell) { write_to_all(tell); }},
      {"talk on stderr", [](auto, auto&, auto&) { std::fputs("one \x1b[2J\nand two\n", stderr); }},
      {"flood stderr",
       [](auto, auto&, auto&) {
         for (int i = 0; i < 100'000; ++i)
           std::fputs("a line of forty octets, again and again\n", stderr);
       }},
      {"send nonsense", [](auto, auto&, auto&) { say("HTTP/1.1 200 OK\r\n\r\n"); }},
      {"send 9 MiB",
       [](auto, auto&, auto&) { say(std::string("\x00\x90\x00\x00\x46", 5) + std::string(9 << 20, ' ')); }},
      {"send bad findings",
       [](auto, auto&, auto&) { say_frame(FrameType::found, R"({"spf":{"result":"sure"}})"); }},
      {"send an unknown frame", [](auto, auto&, auto&) { say_frame(static_cast<FrameType>('!'), ""); }},
      {"send octets unasked", [](auto, auto&, auto&) { say_frame(FrameType::octets, "x"); }},
      {"say it twice",
       [](auto, auto&, auto& tell) { tell.found(spf(AuthResult::fail)), tell.found(spf(AuthResult::pass)); }},
      {"talk for ever",
       [](auto, auto&, auto& tell) {
         for (;;)
           tell.begins(Stage::dkim);
       }},
      {"exit 0", [](auto, auto&, auto&) { ::_exit(0); }},
      {"close the socket and hang",
       [](auto, auto&, auto& tell) {
         tell.begins(Stage::reverse), ::close(worker_socket), ::poll(nullptr, 0, -1);
       }},
      {"ask DNS 1000 times", [](auto, auto& names, auto& tell) { ask_often(names, tell, 1'000); }},
      {"ask and not listen",
       [](auto, auto&, auto&) {
         const std::string question = R"(?{"name":"a.b","type":"TXT"})";
         const std::string length{'\0', '\0', '\0', static_cast<char>(question.size() - 1)};
         for (;;)
           say(length + question);
       }},
      {"spin CPU",
       [](auto, auto&, auto&) {
         for (volatile unsigned i = 0;;)
           i = i + 1;
       }},
      {"findings then crash",
       [](auto octets, auto& names, auto& tell) {
         ordinary(octets, names, tell);
         crash();
       }},
  };
  return all;
}

void extract(const Request& request, std::string_view octets, Tell& tell) {
  tell.begins(Stage::part);
  if (request.part == "crash") {
    tell.octets(octets.substr(0, octets.size() / 2));
    crash();
  }
  // In small pieces, as a decoder does; "too much": more than there is.
  for (int time = 0; time < (request.part == "too much" ? 2 : 1); ++time)
    for (std::string_view rest = octets; !rest.empty();
         rest.remove_prefix(std::min<std::size_t>(rest.size(), 57)))
      tell.octets(rest.substr(0, 57));
}

void examine(const Request& request, std::string_view octets, Names& names, Tell& tell) {
  if (request.kind == Request::Kind::extract) return extract(request, octets, tell);
  const auto deed = deeds().find(octets.substr(0, octets.find('\n')));
  if (deed == deeds().end()) return ordinary(octets, names, tell);
  deed->second(octets, names, tell);
}

}  // namespace

int main(int count, char** words) {
  WorkerOptions options;
  if (count > 1 && std::string_view(words[1]) == "ends at once") return 3;
  if (count > 1 && std::string_view(words[1]) == "never ready") ::poll(nullptr, 0, -1);
  return run_worker(worker_socket, options, examine);
}
