// What restic 0.14 says, word for word, and what is made of it.
#include "cli/restic_trouble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace guichet::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const ResticCall call{"restic", "s3:https://objects.example/mail", "/etc/guichet/env"};

ResticFailure explained(const std::vector<std::string>& said, int code = 1) {
  return explain(call, said, code);
}

TEST(ResticTrouble, Missing) {
  const auto failure = explained({}, 127);
  EXPECT_EQ(failure.trouble, Trouble::missing);
  EXPECT_THAT(failure.text, HasSubstr("apt-get install restic"));
}

TEST(ResticTrouble, Password) {
  const auto failure = explained({"Fatal: wrong password or no key found"});
  EXPECT_EQ(failure.trouble, Trouble::password);
  EXPECT_EQ(
      failure.text,
      "the password is not that of the repository s3:https://objects.example/mail (restic: wrong password "
      "or no key found); put the repository's own into /etc/guichet/env/RESTIC_PASSWORD");
}

TEST(ResticTrouble, NoRepository) {
  const auto failure =
      explained({"Fatal: unable to open config file: Stat: The specified key does not exist.",
                 "Is there a repository at the following location?", "s3:https://objects.example/mail"});
  EXPECT_EQ(failure.trouble, Trouble::no_repository);
  EXPECT_THAT(failure.text, HasSubstr("guichet backup init"));
}

// restic adds the same question to whatever kept it from reading the configuration.
TEST(ResticTrouble, TheCauseBeforeTheQuestion) {
  const std::string question = "Is there a repository at the following location?";
  EXPECT_EQ(explained({"Fatal: unable to open config file: Head \"http://127.0.0.1:1/config\": dial tcp "
                       "127.0.0.1:1: connect: connection refused",
                       question})
                .trouble,
            Trouble::unreachable);
  EXPECT_EQ(
      explained({"Fatal: unable to open config file: Stat: Get \"https://objects.example/mail/?location=\": "
                 "x509: certificate has expired or is not yet valid: current time 2026-11-23T00:00:00Z is "
                 "after 2026-01-01T00:00:00Z",
                 question})
          .trouble,
      Trouble::certificate);
  EXPECT_EQ(explained({"Fatal: unable to open config file: Stat: Access Denied.", question}).trouble,
            Trouble::credentials);
}

TEST(ResticTrouble, FullInSeveralWords) {
  for (const auto* said :
       {"write /repo/locks/b472-tmp-2865780977: no space left on device",
        "Save(<data/3f2b0a6c11>) returned error, retrying after 720ms: client.PutObject: The specified "
        "bucket "
        "quota exceeded",
        "Save(<data/3f2b0a6c11>) returned error, retrying after 1s: server response unexpected: 507 "
        "Insufficient "
        "Storage (507)",
        "Fatal: unable to save snapshot: client.PutObject: QuotaExceeded", "disk quota exceeded"})
    EXPECT_EQ(explained({said}).trouble, Trouble::full) << said;
}

TEST(ResticTrouble, Locked) {
  const std::string first =
      "unable to create lock in backend: repository is already locked exclusively by PID 4711 "
      "on backup by root (UID 0, GID 0)";
  const auto young =
      explained({first, "lock was created at 2026-11-23 01:54:26 (1m2.3s ago)", "storage ID 8fab7d9e",
                 "the `unlock` command can be used to remove stale locks"});
  EXPECT_EQ(young.trouble, Trouble::locked);
  EXPECT_THAT(young.text, AllOf(HasSubstr("PID 4711"), HasSubstr("tried again"), Not(HasSubstr("died"))));
  for (const auto* age : {"(31m2.3s ago)", "(2h1m0s ago)"})
    EXPECT_THAT(explained({first, std::string("lock was created at 2026-11-23 01:54:26 ") + age}).text,
                HasSubstr("died"));
  EXPECT_THAT(explained({first, "lock was created at 2026-11-23 01:54:26 (720.5ms ago)"}).text,
              Not(HasSubstr("died")));
}

TEST(ResticTrouble, WhatIsNotKnownIsPassedOn) {
  const auto failure = explained({"something", "Fatal: a new kind of trouble", "and advice"});
  EXPECT_EQ(failure.trouble, Trouble::other);
  EXPECT_THAT(failure.text, AllOf(HasSubstr("a new kind of trouble"), HasSubstr("exit 1")));
  EXPECT_EQ(explained({"error: open volumes/00000001.warc: input/output error"}, 3).trouble,
            Trouble::incomplete);
  EXPECT_THAT(explained({}, 137).text, HasSubstr("exit 137"));
}

TEST(ResticTrouble, Retries) {
  EXPECT_TRUE(
      is_retry("Load(<config/0000000000>, 0, 0) returned error, retrying after 720.254544ms: dial tcp"));
  EXPECT_FALSE(is_retry("Fatal: wrong password or no key found"));
  EXPECT_TRUE(is_trace("\tgithub.com/restic/restic/internal/backend/local/local.go:170"));
  EXPECT_TRUE(is_trace("main.runBackup"));
  EXPECT_FALSE(is_trace("Fatal: wrong password or no key found"));
}

TEST(ResticTrouble, NoPasswordIsShown) {
  EXPECT_EQ(without_credentials("rest:https://user:secret@host/path"), "rest:https://host/path");
  EXPECT_EQ(without_credentials("rest:https://host/a@b"), "rest:https://host/a@b");
  EXPECT_EQ(without_credentials("/srv/a@b"), "/srv/a@b");
}

}  // namespace
}  // namespace guichet::cli
