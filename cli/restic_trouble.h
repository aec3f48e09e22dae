// What restic's complaints mean: one of a few causes, and one line for an operator with what to do. Pure.
#pragma once

#include <string>
#include <vector>

namespace guichet::cli {

enum class Trouble {
  missing,        // there is no such program
  environment,    // the envdir cannot be read or lacks the password
  unreachable,    // nobody answers
  certificate,    // expired, or signed by nobody we know
  credentials,    // refused by the store
  password,       // not the repository's
  no_repository,  // nothing was made there yet
  full,           // no room, or a quota
  exists,         // a repository, where one was to be made
  locked,         // a prune or a check holds it
  incomplete,     // restic could not read all that it was given
  damaged,        // the repository itself
  local,          // not restic's fault: the copy beside the archive could not be made
  stopped,        // by us
  other,
};

struct ResticFailure {
  Trouble trouble = Trouble::other;
  std::string text;  // what, where, what to do
};

struct ResticCall {
  std::string program, repository, envdir;
};

// `said` is the end of what restic wrote to standard error, oldest line first.
[[nodiscard]] ResticFailure explain(const ResticCall& call, const std::vector<std::string>& said,
                                    int exit_code);

// restic 0.14 tries an operation ten times before it gives up, for up to a quarter of an hour, and says so:
// "Load(<config/0000000000>, 0, 0) returned error, retrying after 720.254544ms: …".
[[nodiscard]] bool is_retry(const std::string& line);
// A line of a stack trace, which restic adds to what it did not expect.
[[nodiscard]] bool is_trace(const std::string& line);
// Whether trying again will not help: then it need not be waited for.
[[nodiscard]] bool is_final(Trouble trouble);

// Without what stands between "//" and "@": it may be a password.
[[nodiscard]] std::string without_credentials(std::string repository);

}  // namespace guichet::cli
