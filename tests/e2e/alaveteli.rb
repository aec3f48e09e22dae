# Alaveteli's mail poller as its mail server meets it: Net::POP3 driven in the poller's order, with its rules of errors
# and of duplicates, and in the place of RequestMailer.receive a recorder that does what a test asks of it. Written from
# a description of what the poller does; nothing of Alaveteli is in it.
#
# usage: alaveteli.rb HOST PORT PASSWORD FOLDER NOW [SUBJECT=DEED]...
#
# One process of the poller: polls until a session brings nothing, prints one JSON object a session, and ends. What it
# keeps is in FOLDER, as Alaveteli's database outlives its poller: errors.json (uid -> time of the next attempt, null:
# never again) and received.json (what is stored: subject, Message-ID, digest). NOW is its clock, in seconds.
#
# DEED, for the message with that subject: raise (in receive, nothing stored), raise-after (stored, then an error),
# slow, die-before, die-after (stored, before DELE), die-before-quit, die-in-quit, wait (says "in receive" and waits for
# a line on standard input, then stores it).
require 'digest'
require 'json'
require 'net/pop'

host, port, password, folder, now, *deeds = ARGV
now = now.to_i
deeds = deeds.to_h { |deed| deed.split('=', 2) }

class Kept
  def initialize(file, empty)
    @file = file
    @value = File.exist?(file) ? JSON.parse(File.read(file)) : empty
  end
  attr_reader :value

  def save
    File.write("#{@file}.new", JSON.generate(@value))
    File.rename("#{@file}.new", @file)
  end
end

errors = Kept.new("#{folder}/errors.json", {})
received = Kept.new("#{folder}/received.json", [])

field = lambda do |octets, name|
  head = octets.split("\r\n\r\n", 2).first
  head[/^#{name}:[ \t]*(.*)\r?$/i, 1].to_s.strip
end

die = -> { exit!(9) }

store = lambda do |octets|
  id = field.call(octets, 'Message-ID')
  next if received.value.any? { |kept| kept['id'] == id }   # already received

  received.value << { id: id, subject: field.call(octets, 'Subject'), sha256: Digest::SHA256.hexdigest(octets) }
  received.save
end

receive = lambda do |octets|
  case deeds[field.call(octets, 'Subject')]
  when 'raise' then raise 'it stumbles'
  when 'raise-after'
    store.call(octets)
    raise 'it stumbles, after the commit'
  when 'die-before' then die.call
  when 'die-after'
    store.call(octets)
    die.call
  when 'slow' then sleep 0.5
  when 'wait'
    puts 'in receive'
    $stdout.flush
    $stdin.gets
  end
  store.call(octets)
end

pop3 = Net::POP3.new(host, port.to_i, false)

get_mail = lambda do |mail, session|
  done = false
  uid = nil
  begin
    uid = mail.unique_id
    session[:listed] << uid
    may = !errors.value.key?(uid) || (errors.value[uid] && errors.value[uid] <= now)
    if may
      octets = mail.pop
      receive.call(octets)
      done = true
      mail.delete
      session[:received] << uid
      die.call if deeds[field.call(octets, 'Subject')] == 'die-before-quit'
      if deeds[field.call(octets, 'Subject')] == 'die-in-quit'
        pop3.instance_variable_get(:@command).instance_variable_get(:@socket).write("QUIT\r\n")
        die.call
      end
    end
  rescue Net::POPError, StandardError => error
    session[:errors] << error.class.name
    if uid
      errors.value[uid] = done ? nil : now + 30 * 60
      errors.save
    end
  end
  done
end

loop do
  session = { listed: [], received: [], errors: [] }
  brought = false
  begin
    begin
      pop3.start('foi', password)
      pop3.each_mail { |mail| brought = true if get_mail.call(mail, session) }
    rescue StandardError => error
      session[:errors] << error.class.name
    end
  ensure
    begin
      pop3.finish if pop3.started?
    ensure
      puts JSON.generate(session)   # an exception of finish ends the process, as it does there
      $stdout.flush
    end
  end
  break unless brought
end
