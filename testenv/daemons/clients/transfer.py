"""HOST PORT USER PASSWORD passive|active get|put|list REMOTE [LOCAL]."""

import ftplib
import sys

host, port, user, password, mode, verb, remote, *local = sys.argv[1:]

with ftplib.FTP(timeout=20) as ftp:
    ftp.connect(host, int(port))
    ftp.login(user, password)
    ftp.set_pasv(mode == "passive")
    if verb == "get":
        with open(local[0], "wb") as file:
            ftp.retrbinary("RETR " + remote, file.write)
    elif verb == "put":
        with open(local[0], "rb") as file:
            ftp.storbinary("STOR " + remote, file)
    else:
        ftp.retrlines("NLST " + remote, print)
