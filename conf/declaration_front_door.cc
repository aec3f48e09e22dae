#include "conf/declaration_front_door.h"

#include "conf/place.h"

namespace guichet::conf {
namespace {

constexpr std::uint64_t day_s = 86'400;

std::vector<Option> greylist_options() {
  return {
      {.key = "greylist",
       .place = at(&Settings::front_door, &FrontDoorSettings::greylist),
       .form = Flag{},
       .doc = "Puts off with 450 4.7.1, once, whoever has never delivered here: most senders of spam do not "
              "come back. Nobody who delivered before is put off: that is learnt from the archive at each "
              "start. What it remembers is in greylist.sqlite, beside the archive, and can be deleted."},
      {.key = "greylist_delay_s",
       .place = at(&Settings::front_door, &FrontDoorSettings::greylist_delay_s),
       .form = Number{.min = 1, .max = day_s, .unit = "seconds"},
       .doc = "Who comes back sooner than this is put off again. Mail servers try again after minutes."},
      {.key = "greylist_window_h",
       .place = at(&Settings::front_door, &FrontDoorSettings::greylist_window_h),
       .form = Number{.min = 1, .max = 1000, .unit = "hours"},
       .doc = "Who comes back later than this is new again. Old servers wait for a day between two tries."},
      {.key = "greylist_known_days",
       .place = at(&Settings::front_door, &FrontDoorSettings::greylist_known_days),
       .form = Number{.min = 1, .max = 3650, .unit = "days"},
       .doc = "Who delivered is known for so long after the last time."},
      {.key = "greylist_rows_max",
       .place = at(&Settings::front_door, &FrontDoorSettings::greylist_rows_max),
       .form = Number{.min = 1000, .max = 10'000'000, .unit = {}},
       .doc = "Of those who wait, and of those who are known, no more than about so many are remembered; the "
              "oldest are forgotten first."},
  };
}

std::vector<Option> local_options() {
  return {
      {.key = "allow",
       .place = at(&Settings::front_door, &FrontDoorSettings::allow),
       .form = TextList{.shape = &door_entry},
       .doc = "For whom the front door is open: addresses and networks (192.0.2.0/24), senders "
              "(clerk@townhall.example, @townhall.example for all of them, <> for bounces), and clients by a "
              "reverse name that was verified (mail.townhall.example, .townhall.example with all below it; "
              "needs "
              "reverse_name). Wins over deny."},
      {.key = "deny",
       .place = at(&Settings::front_door, &FrontDoorSettings::deny),
       .form = TextList{.shape = &door_entry},
       .doc = "The same for whom it is closed: 550 5.7.1. Request addresses that are GENUINE they reach all "
              "the same."},
      {.key = "allow_file",
       .place = at(&Settings::front_door, &FrontDoorSettings::allow_file),
       .form = PathText{},
       .doc = "More entries for allow, one a line; # begins a comment. Read at the start."},
      {.key = "deny_file",
       .place = at(&Settings::front_door, &FrontDoorSettings::deny_file),
       .form = PathText{},
       .doc = "The same for deny."},
  };
}

}  // namespace

Section resolver_section() {
  return {
      .name = "resolver",
      .doc = "How DNS is asked, where [front_door] wants something of it.",
      .options = {
          {.key = "servers",
           .place = at(&Settings::resolver, &ResolverSettings::servers),
           .form = TextList{.shape = &server_address},
           .doc = "Whom to ask, such as [\"127.0.0.1:53\"]; best a resolver of your own, as most lists of "
                  "clients refuse the large public ones. Empty: those of /etc/resolv.conf."},
          {.key = "deadline_ms",
           .place = at(&Settings::resolver, &ResolverSettings::deadline_ms),
           .form = Number{.min = 10, .max = 30'000, .unit = "milliseconds"},
           .doc = "What is asked of a client is asked when it connects, and waited for no longer than this "
                  "from then on: what is not known by then counts as not known. A resolver that is dead "
                  "delays a session by this and no more."},
          {.key = "in_flight_max",
           .place = at(&Settings::resolver, &ResolverSettings::in_flight_max),
           .form = Number{.min = 8, .max = 4096, .unit = {}},
           .doc = "Questions open at the same time; one more is not asked and counts as not known. Each may "
                  "take a file descriptor."},
      }};
}

Section front_door_section() {
  Section section{
      .name = "front_door",
      .doc =
          "What is asked of a client that is not in smtpd.trusted_networks before its mail is taken. All of "
          "it is off until you turn it on, and none of it refuses or puts off mail to a request address "
          "that is GENUINE (which needs secret_file in [[site]]). guichet client ADDRESS says what would "
          "be answered, and why.",
      .options = {
          {.key = "reverse_name",
           .place = at(&Settings::front_door, &FrontDoorSettings::reverse_name),
           .form = Flag{},
           .doc = "Looks up the name of each client's address, and whether that name leads back to it; both "
                  "are recorded with its messages. Refuses nothing."},
          {.key = "greet_delay_ms",
           .place = at(&Settings::front_door, &FrontDoorSettings::greet_delay_ms),
           .form = Number{.min = 0, .max = 30'000, .unit = "milliseconds"},
           .doc = "A client that never delivered here waits for its greeting so long; one that speaks before "
                  "it is no mail server. 2000 is enough. 0: no wait."},
          {.key = "early_talkers",
           .place = at(&Settings::front_door, &FrontDoorSettings::early_talkers),
           .form = choice_of<EarlyTalkers>(),
           .doc = "What becomes of those: \"tag\" records it with their messages, \"refuse\" answers RCPT "
                  "with 554 5.5.0."},
          {.key = "helo_checks",
           .place = at(&Settings::front_door, &FrontDoorSettings::helo_checks),
           .form = Flag{},
           .doc = "Records with a message when its client gave no name, none that can be a machine's, ours, "
                  "or another address than its own. Refuses nothing: old servers of authorities do all of "
                  "this."},
          {.key = "threshold",
           .place = at(&Settings::front_door, &FrontDoorSettings::threshold),
           .form = Number{.min = 1, .max = 10'000, .unit = {}},
           .doc =
               "A client is listed when the weights of the [[front_door.list]]s that name it come to this."},
          {.key = "listed",
           .place = at(&Settings::front_door, &FrontDoorSettings::listed),
           .form = choice_of<Listed>(),
           .doc = "What becomes of a listed client: \"tag\" records it with its messages, \"defer\" answers "
                  "RCPT with 450, so that a mistaken list costs time and no mail, \"refuse\" with 550."},
      }};
  for (auto& option : greylist_options())
    section.options.push_back(std::move(option));
  for (auto& option : local_options())
    section.options.push_back(std::move(option));
  return section;
}

Section front_door_list_section() {
  return {
      .name = "front_door.list",
      .doc = "One [[front_door.list]] for each list of clients in DNS (RFC 5782) that is to be asked.",
      .append = [](Settings& settings) { settings.front_door_lists.emplace_back(); },
      .options = {
          {.key = "zone",
           .place = at(&Settings::front_door_lists, &FrontDoorList::zone),
           .form = Text{.shape = &domain_name},
           .doc = "Its domain, such as zen.spamhaus.org.",
           .required = true},
          {.key = "weight",
           .place = at(&Settings::front_door_lists, &FrontDoorList::weight),
           .form = Number{.min = 1, .max = 10'000, .unit = {}},
           .doc = "What it counts for when it names a client."},
          {.key = "allows",
           .place = at(&Settings::front_door_lists, &FrontDoorList::allows),
           .form = Flag{},
           .doc = "It names good clients, as list.dnswl.org does: its weight is subtracted, and whom such "
                  "lists outweigh is not greylisted."},
          {.key = "answer",
           .place = at(&Settings::front_door_lists, &FrontDoorList::answer),
           .form = Text{.shape = &list_answer},
           .doc =
               "Only this answer of it counts; * stands for anything, as in 127.0.0.*. Empty: any in "
               "127.0.0.0/8 does, but for 127.255.255.*, by which lists say that they were asked wrongly."},
      }};
}

}  // namespace guichet::conf
