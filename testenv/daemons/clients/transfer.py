"""HOST PORT USER PASSWORD passive|active get|put|list REMOTE [LOCAL].

get takes further pairs of REMOTE and LOCAL."""

import ftplib
import sys

host, port, user, password, mode, verb, remote, *local = sys.argv[1:]

with ftplib.FTP(timeout=20) as ftp:
    ftp.connect(host, int(port))
    ftp.login(user, password)
    ftp.set_pasv(mode == "passive")
    if verb == "get":
        for remote, name in zip([remote, *local[1::2]], local[::2]):
            with open(name, "wb") as file:
                ftp.retrbinary("RETR " + remote, file.write)
    elif verb == "put":
        with open(local[0], "rb") as file:
            ftp.storbinary("STOR " + remote, file)
    else:
        ftp.retrlines("NLST " + remote, print)
