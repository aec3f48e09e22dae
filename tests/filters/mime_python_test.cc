// A second opinion on well-formed messages: Python's email package finds the same parts.
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "filters/mime.h"
#include "tests/filters/mime_samples.h"

namespace guichet::filters {
namespace {

// One line for each part that has no parts, and for each message in the message: type, name, and of the
// former size and digest (Python does not keep the octets of the latter).
constexpr const char* script = R"(
import email, hashlib, sys
from email.header import decode_header, make_header
def name(part):
    found = part.get_filename()
    return str(make_header(decode_header(found))) if found else ''
for part in email.message_from_bytes(open(sys.argv[1], 'rb').read()).walk():
    kind = part.get_content_type()
    if kind.startswith('message/') and part.is_multipart():
        print(kind, name(part), sep='|')
    elif not part.is_multipart():
        octets = part.get_payload(decode=True)
        print(kind, name(part), len(octets), 'sha256:' + hashlib.sha256(octets).hexdigest(), sep='|')
)";

std::string ours(const MimeFinding& finding) {
  std::string lines;
  for (const auto& part : finding.parts) {
    lines += part.type + "|" + part.name;
    if (!part.type.starts_with("message/"))
      lines += "|" + std::to_string(part.size_octets) + "|" + part.digest;
    lines += "\n";
  }
  return lines;
}

void write(const std::string& path, std::string_view octets) {
  std::ofstream(path, std::ios::binary) << octets;
}

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string out;
  for (int c = 0; pipe && (c = std::fgetc(pipe.get())) != EOF;)
    out.push_back(static_cast<char>(c));
  return out;
}

TEST(MimePython, FindsTheSameParts) {
  if (output_of("python3 -c 'print(1)' 2>/dev/null") != "1\n") GTEST_SKIP() << "no python3";
  const auto folder = testing::TempDir() + "mime_python_" + std::to_string(::getpid());
  write(folder + ".py", script);
  std::size_t compared = 0;
  for (const auto& sample : samples::all()) {
    if (!sample.well_formed) continue;
    write(folder + ".eml", sample.octets);
    const auto theirs = output_of("PYTHONIOENCODING=utf-8 python3 '" + folder + ".py' '" + folder + ".eml'");
    EXPECT_EQ(ours(inventory(sample.octets)), theirs) << sample.name;
    ++compared;
  }
  EXPECT_GE(compared, 10u);
  std::remove((folder + ".py").c_str());
  std::remove((folder + ".eml").c_str());
}

}  // namespace
}  // namespace guichet::filters
