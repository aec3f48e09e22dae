#include <system_error>

#include "conf/reader.h"

namespace guichet::conf {

// The folder must be called build: that of an installed executable is not its source's.
std::filesystem::path default_file(const std::filesystem::path& executable) {
  const std::filesystem::path build = executable.parent_path().parent_path();
  std::filesystem::path beside_source = build.parent_path() / "conf" / "guichet.toml";
  std::error_code error;
  if (build.filename() == "build" && std::filesystem::exists(beside_source, error)) return beside_source;
  return "/etc/guichet/guichet.toml";
}

}  // namespace guichet::conf
