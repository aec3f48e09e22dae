# Alaveteli's poller as its mail server sees it: Net::POP3 and its calls in the poller's order, one object for
# every session. One JSON object per poll: what was collected, UID and SHA-256 of each message.
#
# usage: ruby poller.rb HOST PORT USER PASSWORD [--tls] [--polls N] [--skip UID]... [--crash-after N]
require 'digest'
require 'json'
require 'net/pop'

host, port, user, password, *options = ARGV
tls = options.delete('--tls')
polls = 1
skipped = []
crash_after = nil
until options.empty?
  case options.shift
  when '--polls' then polls = options.shift.to_i
  when '--skip' then skipped << options.shift
  when '--crash-after' then crash_after = options.shift.to_i
  else abort 'poller.rb: what is that?'
  end
end

pop3 = Net::POP3.new(host, port.to_i, false)
pop3.enable_ssl(OpenSSL::SSL::VERIFY_NONE) if tls

polls.times do
  collected = []
  begin
    pop3.start(user, password)
    pop3.mails.each do |popmail|
      uid = popmail.unique_id
      next if skipped.include?(uid)

      octets = popmail.pop
      collected << { uid: uid, sha256: Digest::SHA256.hexdigest(octets), size: popmail.length, octets: octets.bytesize }
      if crash_after && collected.size >= crash_after
        puts JSON.generate(collected)
        $stdout.flush
        exit!(0)
      end
      popmail.delete
    end
  ensure
    pop3.finish if pop3.started?
  end
  puts JSON.generate(collected)
  $stdout.flush
end
